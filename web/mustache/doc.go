// Package mustache says what a template becomes: the logic-less templates of
// https://mustache.github.io, as Turbo's users know them.
//
//	t, err := mustache.Compile("{{#items}}<li>{{name}}</li>{{/items}}")
//	page, err := t.Render(map[string]any{"items": items}, nil)
//
// It keeps the mustache specification 1.4.3, with the optional dynamic names and
// inheritance:
//
//	{{name}}            the value, escaped for HTML; {{.}} is the current one, {{a.b}} b of a
//	{{{name}}} {{&name}}    not escaped
//	{{#name}} {{/name}}     once for each element of a list, once for any other value
//	{{^name}} {{/name}}     when the value is false, nil, missing or an empty list
//	{{>name}} {{>*name}}    another template; with the asterisk, the one that the value names
//	{{<name}} {{/name}}     another template, with these blocks in place of its own
//	{{$name}} {{/name}}     a block
//	{{!comment}} {{=<% %>=}}  a comment, other delimiters
//
// # Values
//
// Data is made of maps with string keys, structs (exported fields, by their name
// or by that of a tag `mustache:"name"`), slices, arrays, and pointers to them.
// nil, of whatever type, is nothing and renders as nothing. Zero and the empty
// string are values: a section of them is rendered. A value is written as its
// MarshalText, String or Error says, if it has that, otherwise as fmt.Sprint does.
//
// A func(string) string, or func() string, stands for the value that it returns;
// it gets the name. A func(text string, render func(string) (string, error))
// (string, error) as a section gets the text of the section and returns what
// becomes of it.
//
// # Bounds
//
// Templates come from the application, data may come from anywhere. Templates
// that include each other without an end, or include too much, end with an
// error, see Options.
package mustache
