package kubeflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
)

// readSecret reads what a field holds, and names the field in errors.
func readSecret(s flow.Secret, field string) (string, error) {
	value, err := s.Read()
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return value, nil
}

// checkHeaderName refuses what cannot be the name of a header that a gRPC call
// carries as text.
func checkHeaderName(name string) error {
	name = strings.ToLower(name)
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r) {
			return fmt.Errorf("%.40q is no name of a header: it has letters, digits, '-', '_' and '.'", name)
		}
	}
	reserved := []string{"content-type", "te", "user-agent"}
	if strings.HasPrefix(name, "grpc-") || strings.HasSuffix(name, "-bin") || slices.Contains(reserved, name) {
		return fmt.Errorf("%.40q is a header that gRPC keeps to itself", name)
	}
	return nil
}

// checkHeader refuses what cannot be the value of a header.
func checkHeader(value string) error {
	for i := range len(value) {
		if value[i] < 0x20 || value[i] > 0x7e {
			return errors.New("holds a line break or another character that no header takes")
		}
	}
	return nil
}
