package values

// Blob is a file or a folder in storage. Converting one moves no data: upload it before, and
// download it after.
type Blob struct {
	// URI is where it is, such as s3://bucket/key.
	URI string
	// Format is the format of its content, such as "csv"; empty if it does not matter.
	Format string
	// Dir is set for a folder.
	Dir bool
	// Hash stands for the content in the keys of the cache; empty means that the URI does.
	Hash string
}

// Table is a table in storage, a DataFrame in Flyte's SDK. Converting one moves no data.
type Table struct {
	// URI is where its data is.
	URI string
	// Format is how it is stored, such as "parquet"; empty if it does not matter.
	Format string
	// Hash stands for the content in the keys of the cache; empty means that the URI does.
	Hash string
}

// Binary is bytes with a tag that says what they are. A []byte is a Binary without a tag.
// Structs travel as Binary with the tag "msgpack"; read into a Binary, they stay as they are.
type Binary struct {
	Tag   string
	Value []byte
}

func (b Blob) check() error { return checkPlace(b.URI, b.Format, b.Hash) }

func (t Table) check() error { return checkPlace(t.URI, t.Format, t.Hash) }

func checkPlace(uri string, others ...string) error {
	if uri == "" {
		return wrong(ErrMissing, "it has no URI; upload the data and set the URI")
	}
	for _, s := range append(others, uri) {
		if _, err := text(s); err != nil {
			return err
		}
	}
	return nil
}
