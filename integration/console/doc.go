// Package console opens the mock's console in a real browser: what a developer sees and does
// there, what a page of another origin cannot, and the rules of accessibility.
package console
