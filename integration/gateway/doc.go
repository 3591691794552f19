// Package gateway holds the tests of interceptors/httprule with real grpc-gateways: the same
// calls over gRPC and over HTTP give the same answers. One gateway has every form of rule
// (echopb), the other is that of Kubeflow Pipelines (kfpgateway). `make generate` writes
// both.
package gateway
