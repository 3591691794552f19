// Package show prints what a command found out: as a table for people, as JSON or YAML
// for programs, or as bare names for a shell.
//
// A command fills in a [View] and calls [Print]; what goes on and on, such as a watch, is
// printed value by value with [Next]. What a server wrote cannot control the terminal:
// [Clean] and [Writer] replace such characters, and JSON and YAML escape them.
package show

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is how to print; the zero value is a table.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	YAML  Format = "yaml"
	Name  Format = "name"
)

// Formats lists them, for a flag.
func Formats() []Format { return []Format{Table, JSON, YAML, Name} }

// String returns the format, for a flag.
func (f *Format) String() string { return string(*f) }

// Type names the value of a flag.
func (f *Format) Type() string { return "format" }

// Set reads a flag.
func (f *Format) Set(text string) error {
	if !slices.Contains(Formats(), Format(text)) {
		return fmt.Errorf("want one of %v", Formats())
	}
	*f = Format(text)
	return nil
}

// View is what a command has to show.
type View struct {
	// Value is printed as JSON or YAML: a message, or what encoding/json takes.
	Value any
	// Columns are the headings of the table.
	Columns []string
	// Rows are its lines; each has as many cells as there are columns.
	Rows [][]string
	// Names are the names alone; nil means the first cells of Rows.
	Names []string
	// Empty is what people are told, on standard error, instead of a table without rows.
	Empty string
}

// Print writes v in the format to out. Texts of a server cannot move the cursor: control
// characters are replaced.
func Print(out io.Writer, f Format, v View) error {
	switch f {
	case JSON:
		text, err := indented(v.Value)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	case YAML:
		text, err := asYAML(v.Value)
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	case Name:
		return names(out, v)
	default:
		return table(out, v)
	}
}

// Next writes one value of several that come one after the other: a line of JSON, or a
// document of YAML.
func Next(out io.Writer, f Format, value any) error {
	if f != YAML {
		return Line(out, value)
	}
	text, err := asYAML(value)
	if err != nil {
		return err
	}
	_, err = out.Write(append([]byte("---\n"), text...))
	return err
}

func names(out io.Writer, v View) error {
	list := v.Names
	if list == nil {
		for _, row := range v.Rows {
			list = append(list, row[0])
		}
	}
	for _, name := range list {
		if _, err := fmt.Fprintln(out, Clean(name)); err != nil {
			return err
		}
	}
	return nil
}

// table writes rows below headings, in columns that are as wide as their widest cell.
func table(out io.Writer, v View) error {
	if len(v.Rows) == 0 {
		return nil
	}
	lines := make([][]string, 0, len(v.Rows)+1)
	for _, row := range append([][]string{v.Columns}, v.Rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = Clean(cell); len(lines) == 0 {
				cells[i] = strings.ToUpper(cells[i])
			}
		}
		lines = append(lines, cells)
	}
	var widths []int
	for _, cells := range lines {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	for _, cells := range lines {
		var line strings.Builder
		for i, cell := range cells {
			line.WriteString(cell)
			if i < len(cells)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-Width(cell)+2))
			}
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
