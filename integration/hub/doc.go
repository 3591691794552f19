// Package hub holds the tests of JupyterHub services against a real hub and its
// real proxy: one service that the hub starts, which is our example program, and
// one that it does not. They also start and stop servers of users with the client for
// the hub's REST API.
package hub
