package oauth

// Quirk is a deviation of real servers from the standards, or an unusual reading of
// them. [Config.Quirks] are permanent; a script turns faults on and off.
type Quirk string

// Quirks. A name in parentheses is that of a server known for it.
const (
	// QuirkDexErrors answers invalid_request for a refresh token that is not accepted,
	// and 401 access_denied for a wrong password (Dex).
	QuirkDexErrors Quirk = "dex-errors"
	// QuirkNoInterval omits interval from device answers (oidc-provider).
	QuirkNoInterval Quirk = "no-interval"
	// QuirkNegativeInterval sends the interval -1.
	QuirkNegativeInterval Quirk = "negative-interval"
	// QuirkHugeInterval sends an interval of 1e9 seconds.
	QuirkHugeInterval Quirk = "huge-interval"
	// QuirkVerificationURL names verification_uri "verification_url" (Google).
	QuirkVerificationURL Quirk = "verification-url"
	// QuirkNoCompleteURI omits verification_uri_complete from device answers.
	QuirkNoCompleteURI Quirk = "no-complete-uri"
	// QuirkSilentDenial keeps a denied device code pending until it expires (Dex).
	QuirkSilentDenial Quirk = "silent-denial"
	// QuirkPlainText labels JSON answers text/plain.
	QuirkPlainText Quirk = "text-plain"
	// QuirkFormAnswers form-encodes answers of the token and device endpoints
	// for requests that do not accept application/json (GitHub).
	QuirkFormAnswers Quirk = "form-answers"
	// QuirkStringExpiresIn makes expires_in a JSON string.
	QuirkStringExpiresIn Quirk = "string-expires-in"
	// QuirkNoExpiresIn omits expires_in from token answers.
	QuirkNoExpiresIn Quirk = "no-expires-in"
	// QuirkErrorsAs200 answers errors with status 200 (GitHub).
	QuirkErrorsAs200 Quirk = "errors-as-200"
	// QuirkNoScope omits scope from token answers (RFC 6749 section 5.1 allows it if
	// the scope is the requested one).
	QuirkNoScope Quirk = "no-scope"
	// QuirkLowerCaseBearer sends token_type "bearer" (Dex); its case is insignificant.
	QuirkLowerCaseBearer Quirk = "lower-case-bearer"
	// QuirkNoIss neither advertises nor sends iss (Dex; RFC 9207 is optional).
	QuirkNoIss Quirk = "no-iss"
	// QuirkIssMissing advertises iss and does not send it.
	QuirkIssMissing Quirk = "iss-missing"
	// QuirkIssWrong sends the iss of another server.
	QuirkIssWrong Quirk = "iss-wrong"
	// QuirkTokenMoved redirects requests to the token endpoint with 307 to another
	// address, where they succeed: a client that follows the redirect sends its secrets
	// twice.
	QuirkTokenMoved Quirk = "token-moved"
	// QuirkRefreshTokenOnce answers a refresh without a new refresh token; the one in
	// use stays valid, as RFC 6749 section 6 allows.
	QuirkRefreshTokenOnce Quirk = "refresh-token-once"
	// QuirkNoRevocation has no revocation endpoint (Dex).
	QuirkNoRevocation Quirk = "no-revocation"
	// QuirkNoRFC8414 has the OpenID Connect document only (Dex).
	QuirkNoRFC8414 Quirk = "no-rfc8414"
)

// Quirks returns every quirk.
func Quirks() []Quirk {
	return []Quirk{
		QuirkDexErrors, QuirkNoInterval, QuirkNegativeInterval, QuirkHugeInterval, QuirkVerificationURL,
		QuirkNoCompleteURI, QuirkSilentDenial, QuirkPlainText, QuirkFormAnswers, QuirkStringExpiresIn,
		QuirkNoExpiresIn, QuirkErrorsAs200, QuirkNoScope, QuirkLowerCaseBearer, QuirkNoIss, QuirkIssMissing,
		QuirkIssWrong, QuirkTokenMoved, QuirkRefreshTokenOnce, QuirkNoRevocation, QuirkNoRFC8414,
	}
}

// DexQuirks returns the quirks of Dex.
func DexQuirks() []Quirk {
	return []Quirk{
		QuirkDexErrors, QuirkSilentDenial, QuirkLowerCaseBearer, QuirkNoScope, QuirkNoIss, QuirkNoRevocation, QuirkNoRFC8414,
	}
}

// GitHubQuirks returns the quirks of GitHub.
func GitHubQuirks() []Quirk {
	return []Quirk{QuirkFormAnswers, QuirkErrorsAs200, QuirkLowerCaseBearer, QuirkNoIss, QuirkNoExpiresIn}
}
