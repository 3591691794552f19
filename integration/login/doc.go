// Package login logs in at three authorization servers with one suite: the mock
// of this project, the npm package oidc-provider, and Dex.
//
// Every scenario runs at every server with the same assertions. Where servers
// differ, the traits of each say how, as data; no scenario asks which server it
// talks to. For a grant that a server lacks, the scenario expects the
// rejection, so that it is not confused with a failure.
package login
