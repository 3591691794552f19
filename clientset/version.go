package clientset

// Version is the version of this library, as the default user agent tells it.
const Version = "0.1.0"
