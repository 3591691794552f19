// Package dexproxy holds the tests of Kubeflow's login with Dex with the real
// parts of such a deployment: Dex, an oauth2-proxy in front, and a backend that
// asks the proxy whether a session is valid. Over HTTP the proxy stands in front of a real
// grpc-gateway with Kubeflow's settings.
package dexproxy
