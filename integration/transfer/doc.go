// Package transfer holds the tests of uploads and downloads over connections that break: a
// proxy between the client and an object store resets, truncates or silences them, and the
// store is busy, refuses URLs as expired or has its object replaced meanwhile.
//
// JETWAY_TEST_CUTS sets how many transfers there are, and JETWAY_TEST_SEED repeats those of
// an earlier run, whose seed is in the names of the tests.
package transfer
