package platform

// Settings are the names by which the users of a system know its settings, such as
// environment variables. Errors that advise to change one name it, and not the option
// of clientset. An empty field means that the system has no such setting.
type Settings struct {
	Endpoint string // the backend's address, such as FLYTE_ADMIN_ENDPOINT
	Insecure string // no TLS
	CAFile   string // the PEM file of certificates to trust
	ProxyURL string // the HTTP proxy
}
