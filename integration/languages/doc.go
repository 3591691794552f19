// Package languages holds a client in TypeScript and one in Python, generated from
// the protos of this repository by the stanzas in buf.gen.*.yaml, and tests that
// run them as processes against the mock server.
//
// Each is rejected without a token, finds out where to log in, logs in by client
// credentials, and calls TaskService, RunService (a stream too) and SecretService.
// docs/languages.md says how to do the same in another language.
package languages
