// Package kfppb is a small part of Kubeflow Pipelines' API, enough to list experiments, and
// to list, create, watch and end runs, over gRPC and by its HTTP rules: our own text over
// the names and numbers of its wire contract.
//
// It exists for examples/kubeflow and the tests of platform/kubeflow. A program that links Kubeflow's own stubs
// would find the same names registered twice, so nothing that programs import may
// import this. `make generate` writes it.
package kfppb
