package platform

// Settings are the system's own names of settings, such as environment variables. An
// error that advises changing one contains that name in place of the option of
// clientset. An empty field means that the system has no such setting.
type Settings struct {
	Endpoint string // the backend's address, such as FLYTE_ADMIN_ENDPOINT
	Insecure string // no TLS
	CAFile   string // the PEM file of certificates to trust
	ProxyURL string // the HTTP proxy
	Console  string // the URL of the web console
}
