package clientset

// Version is the version of this library, which the default user agent contains.
const Version = "0.1.0"
