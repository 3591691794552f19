// Package wire holds the linked protos against the wire contract: the tables in
// testdata, which list every name and number that a Flyte backend knows.
//
// [Rows] turns descriptors into the facts that the tables consist of, [Parse]
// reads a table, [Compare] names each fact that is missing, extra or changed.
// Only the tests of this package call them; nothing that users link does.
package wire

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Rows lists the facts of files, one row per fact, in no particular order.
// Whatever the contract never uses comes out as a row of kind "other", so that it
// cannot slip in unseen.
func Rows(files []protoreflect.FileDescriptor) []Row {
	c := collector{own: map[string]bool{}, outside: map[string]map[string]bool{}}
	for _, f := range files {
		c.own[f.Path()] = true
	}
	for _, f := range files {
		c.file(f)
	}
	for path, types := range c.outside {
		if len(types) == 0 {
			c.add("external", path, "-") // imported for nothing
		}
		for name := range types {
			c.add("external", path, name)
		}
	}
	return c.rows
}

// collector walks descriptors and gathers rows.
type collector struct {
	own     map[string]bool            // paths of the files that are looked at
	outside map[string]map[string]bool // path of any other file that they import -> types used from it
	rows    []Row
}

func (c *collector) add(columns ...string) { c.rows = append(c.rows, columns) }

func (c *collector) file(f protoreflect.FileDescriptor) {
	c.add("file", f.Path(), string(f.Package()), f.Syntax().String())
	for i := range f.Imports().Len() {
		if path := f.Imports().Get(i).Path(); !c.own[path] && c.outside[path] == nil {
			c.outside[path] = map[string]bool{}
		}
	}
	c.extensions(f)
	for i := range f.Services().Len() {
		c.service(f.Services().Get(i))
	}
	c.messages(f.Messages())
	c.enums(f.Enums())
}

func (c *collector) service(s protoreflect.ServiceDescriptor) {
	c.add("service", string(s.FullName()), s.ParentFile().Path(), deprecation(s))
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		c.refer(m.Input())
		c.refer(m.Output())
		c.add("rpc", string(s.FullName()), string(m.Name()), string(m.Input().FullName()), string(m.Output().FullName()),
			streaming(m), deprecation(m), idempotency(m))
	}
}

func (c *collector) messages(list protoreflect.MessageDescriptors) {
	for i := range list.Len() {
		m := list.Get(i)
		if m.IsMapEntry() {
			continue // part of its field's type
		}
		c.add("message", string(m.FullName()), m.ParentFile().Path(), deprecation(m))
		for j := range m.Fields().Len() {
			c.field(m.Fields().Get(j))
		}
		for j := range m.ReservedRanges().Len() {
			r := m.ReservedRanges().Get(j) // the end of a message's range is exclusive
			c.add("reserved", string(m.FullName()), fmt.Sprintf("%d-%d", r[0], r[1]-1))
		}
		c.reservedNames(m.FullName(), m.ReservedNames())
		if m.ExtensionRanges().Len() > 0 {
			c.add("other", string(m.FullName()), "extension range")
		}
		c.extensions(m)
		c.messages(m.Messages())
		c.enums(m.Enums())
	}
}

func (c *collector) field(f protoreflect.FieldDescriptor) {
	oneof := "-"
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		oneof = string(o.Name())
	}
	c.add("field", string(f.ContainingMessage().FullName()), strconv.Itoa(int(f.Number())), string(f.Name()),
		c.typeName(f), label(f), oneof, deprecation(f))
	if want := jsonName(f.Name()); f.JSONName() != want {
		c.add("other", string(f.FullName()), "json_name "+f.JSONName())
	}
	if opts, ok := f.Options().(*descriptorpb.FieldOptions); ok && opts != nil && opts.Packed != nil {
		c.add("other", string(f.FullName()), fmt.Sprintf("packed=%t", opts.GetPacked()))
	}
}

func (c *collector) enums(list protoreflect.EnumDescriptors) {
	for i := range list.Len() {
		e := list.Get(i)
		c.add("enumtype", string(e.FullName()), e.ParentFile().Path(), deprecation(e))
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			if first := e.Values().ByNumber(v.Number()); first != v {
				c.add("other", string(e.FullName()), "alias "+string(v.Name()))
				continue
			}
			c.add("enum", string(e.FullName()), strconv.Itoa(int(v.Number())), string(v.Name()), deprecation(v))
		}
		for j := range e.ReservedRanges().Len() {
			r := e.ReservedRanges().Get(j) // the end of an enum's range is inclusive
			c.add("reserved", string(e.FullName()), fmt.Sprintf("%d-%d", r[0], r[1]))
		}
		c.reservedNames(e.FullName(), e.ReservedNames())
	}
}

func (c *collector) reservedNames(owner protoreflect.FullName, names protoreflect.Names) {
	for i := range names.Len() {
		c.add("reserved", string(owner), "name:"+string(names.Get(i)))
	}
}

func (c *collector) extensions(in interface {
	Extensions() protoreflect.ExtensionDescriptors
},
) {
	for i := range in.Extensions().Len() {
		c.add("other", string(in.Extensions().Get(i).FullName()), "extension")
	}
}

// refer notes the use of a type from a file that is not ours.
func (c *collector) refer(d protoreflect.Descriptor) {
	file := d.ParentFile()
	if file == nil {
		return // a name without a descriptor, in a set that is not whole
	}
	if types, ok := c.outside[file.Path()]; ok {
		types[string(d.FullName())] = true
	}
}
