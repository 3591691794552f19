package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/transfer"
)

// connect logs in to a mock that stands for a real backend.
func connect() (cs *clientset.ClientSet, closeAll func(), err error) {
	server, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		return nil, nil, err
	}
	cs, err = clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure())
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return cs, func() { _, _ = cs.Close(), server.Close() }, nil
}

func ExampleClient_UploadDir() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	dir, err := os.MkdirTemp("", "bundle")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"main.py": "print('hello')\n", "lib/.config": "x=1\n"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			fmt.Println(err)
			return
		}
	}

	files := transfer.New(cs.DataProxy())
	there, err := files.UploadDir(context.Background(), transfer.Destination{
		Project: "demo", Domain: "development", Root: "bundles/42", // empty: a random one
	}, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(there.Files, "files,", there.Bytes, "bytes at", there.NativeURL)
	// Output: 2 files, 19 bytes at s3://mock/uploads/demo/development/bundles/42
}

// Nothing is overwritten: a name that is taken by other content is an error.
func ExampleClient_Upload() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	files := transfer.New(cs.DataProxy())
	to := transfer.Destination{Project: "demo", Domain: "development", Root: "notes", Name: "today.txt"}
	for _, text := range []string{"buy milk", "buy milk", "buy bread"} {
		there, err := files.Upload(context.Background(), to, strings.NewReader(text))
		if errors.Is(err, transfer.ErrExists) {
			fmt.Println(text, "→ there is another", to.Name)
			continue
		}
		fmt.Println(text, "→", there.NativeURL, err)
	}
	// Output:
	// buy milk → s3://mock/uploads/demo/development/notes/today.txt <nil>
	// buy milk → s3://mock/uploads/demo/development/notes/today.txt <nil>
	// buy bread → there is another today.txt
}

func ExampleWithProgress() {
	cs, closeAll, err := connect()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	files := transfer.New(cs.DataProxy(), transfer.WithProgress(func(p transfer.Progress) {
		fmt.Printf("%s: %d of %d bytes\n", p.Name, p.Bytes, p.Total)
	}))
	to := transfer.Destination{Project: "demo", Domain: "development", Name: "model.bin"}
	if _, err := files.Upload(context.Background(), to, strings.NewReader("weights")); err != nil {
		fmt.Println(err)
	}
	// Output: model.bin: 7 of 7 bytes
}
