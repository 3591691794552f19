package repertoire

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Document is the answer of service discovery. Every part may be missing.
type Document struct {
	// Applications are the names of all that is deployed.
	Applications []string `json:"applications"`
	// Environment is the name of the whole platform.
	Environment string `json:"environment_name"`
	// Datasets are the collections of data, with their services, by name.
	Datasets map[string]Dataset `json:"datasets"`
	// InfluxDB are the databases of metrics, by name; their credentials need a token.
	InfluxDB map[string]InfluxDB `json:"influxdb_databases"`
	// Services are the services of the platform itself.
	Services Services `json:"services"`
}

// Dataset is one collection of data.
type Dataset struct {
	// ButlerConfig is the URL of the configuration for the Butler, which reads the data.
	ButlerConfig string `json:"butler_config"`
	// Description is a text for people.
	Description string `json:"description"`
	// DocsURL is the address of the documentation.
	DocsURL string `json:"docs_url"`
	// Services are those for this data, by name.
	Services map[string]Service `json:"services"`
}

// InfluxDB is a database of metrics.
type InfluxDB struct {
	// URL is the address of the server.
	URL string `json:"url"`
	// Database is the name of the database.
	Database string `json:"database"`
	// SchemaRegistry is the address of the registry with the schemas of the metrics.
	SchemaRegistry string `json:"schema_registry"`
	// Local reports whether the document marks the database as local.
	Local bool `json:"local"`
	// CredentialsURL returns the credentials, for a token that may read them.
	CredentialsURL string `json:"credentials_url"`
}

// Services are the services of the platform itself.
type Services struct {
	// Internal services are for programs.
	Internal map[string]Service `json:"internal"`
	// UI services are for browsers.
	UI map[string]Service `json:"ui"`
}

// Service is the address of a service.
type Service struct {
	// URL is the address; empty if only versions have one.
	URL string `json:"url"`
	// OpenAPI is the address of the API's description; may be empty.
	OpenAPI string `json:"openapi"`
	// Versions are the versions of the API, by name, such as "v1".
	Versions map[string]Version `json:"versions"`
}

// Version is the address of one version of an API.
type Version struct {
	// URL is the address that the paths of requests are appended to.
	URL string `json:"url"`
}

// UI returns the address of a service for browsers; empty if there is none.
func (d *Document) UI(name string) string { return d.Services.UI[name].URL }

// Internal returns the address of a version of a service for programs; empty if there is
// none.
func (d *Document) Internal(name, version string) string {
	return d.Services.Internal[name].Versions[version].URL
}

// parse parses a document. Its errors contain nothing of the document but names.
func parse(body []byte) (*Document, error) {
	var d *Document
	if err := json.Unmarshal(body, &d); err != nil {
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
			return nil, fmt.Errorf("%s must not be a %s", wrong.Field, wrong.Value)
		}
		return nil, errors.New("the answer is not JSON in the form of a discovery document")
	}
	if d == nil {
		return nil, errors.New("the answer is null, not an object")
	}
	for kind, services := range map[string]map[string]Service{"internal": d.Services.Internal, "ui": d.Services.UI} {
		for name, s := range services {
			if s.URL != "" && !isURL(s.URL) {
				return nil, fmt.Errorf("services.%s.%.100q.url is not a URL", kind, name)
			}
			for version, v := range s.Versions {
				if !isURL(v.URL) {
					return nil, fmt.Errorf("services.%s.%.100q.versions.%.100q.url is not a URL", kind, name, version)
				}
			}
		}
	}
	return d, nil
}
