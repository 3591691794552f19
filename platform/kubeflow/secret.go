package kubeflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
)

// readSecret reads the secret of a field; errors name the field.
func readSecret(s flow.Secret, field string) (string, error) {
	value, err := s.Read()
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return value, nil
}

// checkHeaderName returns an error if name cannot be the name of a text header of a gRPC
// call.
func checkHeaderName(name string) error {
	name = strings.ToLower(name)
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r) {
			return fmt.Errorf("%.40q is not the name of a header: a name has letters, digits, '-', '_' and '.'", name)
		}
	}
	reserved := []string{"content-type", "te", "user-agent"}
	if strings.HasPrefix(name, "grpc-") || strings.HasSuffix(name, "-bin") || slices.Contains(reserved, name) {
		return fmt.Errorf("%.40q is a header that gRPC reserves", name)
	}
	return nil
}

// checkHeader returns an error if value cannot be the value of a header.
func checkHeader(value string) error {
	for i := range len(value) {
		if value[i] < 0x20 || value[i] > 0x7e {
			return errors.New("contains a line break or another character that is not valid in a header")
		}
	}
	return nil
}
