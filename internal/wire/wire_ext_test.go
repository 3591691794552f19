package wire_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/jetway-go/jetway/gen/flyteidl/admin"
	_ "github.com/jetway-go/jetway/gen/flyteidl/service"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/app"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/artifact"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/common"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/core"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/imagebuilder"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/notification"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/project"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/task"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	_ "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/internal/wire"
)

// TestLinkedDescriptorsAreTheContract is the one that matters: what this module
// puts on the wire is what the tables say, no less and no more.
func TestLinkedDescriptorsAreTheContract(t *testing.T) {
	t.Parallel()

	for _, line := range wire.Compare(contract(t), wire.Rows(linked())) {
		t.Error(line)
	}
}

// TestEveryProtoIsLinked keeps the comparison whole: a proto whose package is not
// imported above would not be looked at. What lies in proto/jetway is our own, no contract.
func TestEveryProtoIsLinked(t *testing.T) {
	t.Parallel()

	var registered []string
	for _, f := range linked() {
		registered = append(registered, f.Path())
	}
	var written []string
	root := filepath.Join("..", "..", "proto")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == filepath.Join(root, "jetway") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".proto" {
			rel, relErr := filepath.Rel(root, path)
			if relErr != nil {
				return relErr
			}
			written = append(written, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	written = slices.DeleteFunc(written, func(path string) bool { // rows of kind "external"
		return strings.HasPrefix(path, "google/")
	})

	for _, path := range written {
		if !slices.Contains(registered, path) {
			t.Errorf("proto/%s is not linked: run make generate and import its package here", path)
		}
	}
	for _, path := range registered {
		if !slices.Contains(written, path) {
			t.Errorf("%s is linked but not in proto", path)
		}
	}
}

func TestTheContractHasEveryKindOfRow(t *testing.T) {
	t.Parallel()

	count := map[string]int{}
	for _, row := range contract(t) {
		count[row[0]]++
	}
	for kind, want := range map[string]int{
		"file": 59, "service": 18, "rpc": 84, "message": 416, "enumtype": 55,
		"field": 1216, "enum": 274, "reserved": 28, "external": 6,
	} {
		if count[kind] != want {
			t.Errorf("tables have %d rows of kind %s, want %d", count[kind], kind, want)
		}
	}
}

// contract reads the committed tables.
func contract(tb testing.TB) []wire.Row {
	tb.Helper()
	var rows []wire.Row
	for _, name := range []string{"flyteidl2.tsv", "admin.tsv"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			tb.Fatal(err)
		}
		table, err := wire.Parse(bytes.NewReader(data))
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		rows = append(rows, table...)
	}
	return rows
}

// linked returns the registered files of the contract, ordered by path.
func linked() []protoreflect.FileDescriptor {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(f.Path(), "flyteidl2/") || strings.HasPrefix(f.Path(), "flyteidl/") {
			files = append(files, f)
		}
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	return files
}
