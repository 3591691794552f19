package doctor

// Problem names what is wrong, for programs. docs/doctor.md lists them with their advice;
// the texts do not change.
type Problem string

// Problems of reaching the backend.
const (
	BadSettings  Problem = "bad-settings"  // the client cannot be made
	UnknownName  Problem = "unknown-name"  // DNS does not know the name
	NoNameServer Problem = "no-nameserver" // DNS does not answer
	Refused      Problem = "refused"       // no program listens at the port
	NoNetwork    Problem = "no-network"    // there is no way there
	Timeout      Problem = "timeout"       // no answer in time
	Unreachable  Problem = "unreachable"   // the connection failed in another way
	ProxyLogin   Problem = "proxy-login"   // the proxy answered 407
	ProxyRefused Problem = "proxy-refused" // the proxy does not connect
)

// Problems of TLS.
const (
	NoTLS         Problem = "no-tls"              // the server speaks no TLS
	WantsTLS      Problem = "wants-tls"           // the server speaks TLS, the settings say none
	WrongName     Problem = "wrong-name"          // the certificate is for another name
	NoIPName      Problem = "no-ip-name"          // the address is an IP address, the certificate is for names
	Expired       Problem = "expired"             // the certificate has expired
	NotYetValid   Problem = "not-yet-valid"       // the certificate is for later
	ExpiresSoon   Problem = "expires-soon"        // the certificate is near its end
	UnknownCA     Problem = "unknown-authority"   // the authority of the certificate is not trusted
	SelfSigned    Problem = "self-signed"         // the certificate is its own authority
	NotVerified   Problem = "not-verified"        // any certificate is accepted
	WantsClient   Problem = "client-certificate"  // the server wants a certificate of the client
	RefusesClient Problem = "client-refused"      // the server does not accept that of the client
	OldTLS        Problem = "tls-version"         // the two have no version of TLS in common
	BadHandshake  Problem = "handshake"           // TLS failed in another way
	NoHTTP2       Problem = "no-http2"            // the server does not offer HTTP/2 (ALPN h2)
	WebServer     Problem = "web-server"          // a web server answers, not gRPC
	WebPage       Problem = "web-page"            // a web page answers
	Redirected    Problem = "redirect"            // the answer leads elsewhere, to a login page for example
	FrontLogin    Problem = "front-login"         // a proxy in front of the backend wants a login of its own
	HTTP1Behind   Problem = "http1-behind"        // a load balancer speaks HTTP/1.1 to the backend
	BadGateway    Problem = "bad-gateway"         // a proxy answers that the backend is down
	NoDiscovery   Problem = "discovery-not-found" // no server says how to log in
	BadDiscovery  Problem = "discovery-unusable"  // what a server says must not be used
	FailDiscovery Problem = "discovery-failed"    // the server could not say how to log in
	WrongClock    Problem = "clock"               // the clocks differ
)

// Problems of the login and of calls.
const (
	KeyringLocked Problem = "keyring-locked" // a person has to unlock the keyring
	KeyringAbsent Problem = "keyring-absent" // there is no keyring, and nothing in its place
	NotWritable   Problem = "not-writable"   // logins cannot be written to the directory
	Readable      Problem = "readable"       // other users can read the file of the login
	BadStore      Problem = "store"          // the store failed in another way
	LoginNeeded   Problem = "login-needed"   // there is no login, and the backend wants one
	LoginEnded    Problem = "login-ended"    // the login can never be refreshed again
	LoginExpired  Problem = "login-expired"  // the token has expired and cannot be refreshed
	NoToken       Problem = "no-token"       // the flow got no token
	NotSent       Problem = "not-sent"       // credentials are not sent without TLS
	Rejected      Problem = "rejected"       // the backend does not accept the token
	Denied        Problem = "denied"         // the token lacks a permission
	NotServed     Problem = "not-served"     // the backend does not serve what was called
	CallFailed    Problem = "call-failed"    // the call failed in another way
)
