package mustache

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/turbogo/turbo/internal/looptest"
)

// The recording of the original, as far as Go has the same values.
func TestTurboTemplates(t *testing.T) {
	r := looptest.Replay(t, "mustache_templates")
	const (
		bug    = "D74: "
		parser = "a template that is wrong is an error, and one that is right is none"
		types  = "it does not compile"
	)
	type obj = map[string]any
	one := func(template, shown string, data obj, o *Options) {
		how := fmt.Sprintf("%q %s", template, shown)
		c, err := Compile(template)
		if err == nil {
			var text string
			if text, err = c.Render(data, o); err == nil {
				r.Log("%s -> %q", how, text)
				return
			}
		}
		r.Log("%s -> error %v", how, err)
	}
	plain := func(template, shown string, data obj) { one(template, shown, data, nil) }

	plain("{{a}}|{{{a}}}|{{&a}}", `{a="<b>&'/"}`, obj{"a": "<b>&'/"})
	plain("x{{m}}y", "{}", obj{})
	r.Differs("an error says which variable is missing, and where",
		`"x{{m}}y" {} allow_blank=true -> error mustache.lua: Mustache.render, missing variable at: ==================`,
		`"x{{m}}y" {} allow_blank=true -> error mustache: missing: m on line 1`)
	one("x{{m}}y", "{} allow_blank=true", obj{}, &Options{Strict: true})
	one("x{{m}}y", "{} allow_blank=false", obj{}, &Options{})
	plain("{{n}}", "{n=1.5}", obj{"n": 1.5})
	plain("{{f}}", "{f=function}", obj{"f": func(name string) string { return "fn:" + name }})
	r.Differs(bug+"booleans are printed", `"[{{b}}]" {b=true} -> "[]"`, `"[{{b}}]" {b=true} -> "[true]"`)
	plain("[{{b}}]", "{b=true}", obj{"b": true})
	r.Differs(bug+"booleans are printed", `"[{{b}}]" {b=false} -> "[]"`, `"[{{b}}]" {b=false} -> "[false]"`)
	plain("[{{b}}]", "{b=false}", obj{"b": false})
	plain("{{#l}}<{{x}}>{{/l}}", "{l={[1]={x=1}, [2]={x=2}}}", obj{"l": []obj{{"x": 1}, {"x": 2}}})
	plain("{{#l}}yes{{/l}}", "{l=true}", obj{"l": true})
	plain("{{#l}}yes{{/l}}", "{l=false}", obj{"l": false})
	r.Differs(bug+"an empty list is false", `"{{#l}}yes{{/l}}" {l={}} -> "yes"`, `"{{#l}}yes{{/l}}" {l={}} -> ""`)
	plain("{{#l}}yes{{/l}}", "{l={}}", obj{"l": []any{}})
	plain("{{#l}}yes{{/l}}", "{}", obj{})
	plain("{{^l}}no{{/l}}", "{}", obj{})
	r.Differs(bug+"an empty list is false", `"{{^l}}no{{/l}}" {l={}} -> ""`, `"{{^l}}no{{/l}}" {l={}} -> "no"`)
	plain("{{^l}}no{{/l}}", "{l={}}", obj{"l": []any{}})
	plain("{{^l}}no{{/l}}", "{l={[1]={}}}", obj{"l": []any{obj{}}})
	plain("{{#a}}{{#b}}{{x}}{{y}}{{z}};{{/b}}{{/a}}", `{a={[1]={b={[1]={x=1}, [2]={x=2}}, y="Y"}}, z="Z"}`,
		obj{"a": []obj{{"b": []obj{{"x": 1}, {"x": 2}}, "y": "Y"}}, "z": "Z"})
	r.Differs(bug+"{{.}} is the current value", `"{{#l}}{{.}}{{/l}}" {l={[1]="a", [2]="b"}} -> ""`, `"{{#l}}{{.}}{{/l}}" {l={[1]="a", [2]="b"}} -> "ab"`)
	plain("{{#l}}{{.}}{{/l}}", `{l={[1]="a", [2]="b"}}`, obj{"l": []string{"a", "b"}})
	plain("a{{! comment }}b", "{}", obj{})
	partials := &Options{Partials: PartialMap(map[string]string{"p": "P{{x}}"})}
	one("{{>p}}", "{x=1}", obj{"x": 1}, partials)
	one("[{{>nope}}]", "{}", obj{}, partials)
	r.Differs(parser, `"{{ a }}{{#  l }}{{ x }}{{/l}}" {a=1, l={[1]={x=2}}} -> error mustache.lua: Trying to end section 'l', but it was never opened.`,
		`"{{ a }}{{#  l }}{{ x }}{{/l}}" {a=1, l={[1]={x=2}}} -> "12"`)
	plain("{{ a }}{{#  l }}{{ x }}{{/l}}", "{a=1, l={[1]={x=2}}}", obj{"a": 1, "l": []obj{{"x": 2}}})
	r.Differs(parser, `"{{a" {a=1} -> ""`, `"{{a" {a=1} -> error mustache: line 1: tag is not closed`)
	plain("{{a", "{a=1}", obj{"a": 1})
	r.Differs(parser, `"{{/a}}" {} -> error mustache.lua: Trying to end section 'a', but it was never opened.`,
		`"{{/a}}" {} -> error mustache: line 1: section a is closed and was never opened`)
	plain("{{/a}}", "{}", obj{})
	r.Differs(parser, `"{{#a}}open" {a={[1]={}}} -> error mustache.lua: attempt to index a nil value`,
		`"{{#a}}open" {a={[1]={}}} -> error mustache: line 1: section a is not closed`)
	plain("{{#a}}open", "{a={[1]={}}}", obj{"a": []obj{{}}})
	r.Differs("the specification's dotted names", `"{{a.b}}" {a={b=1}} -> ""`, `"{{a.b}}" {a={b=1}} -> "1"`)
	plain("{{a.b}}", "{a={b=1}}", obj{"a": obj{"b": 1}})
	r.Differs("the specification's delimiters", `"{{=<% %>=}}<%a%>" {a=1} -> "<%a%>"`, `"{{=<% %>=}}<%a%>" {a=1} -> "1"`)
	plain("{{=<% %>=}}<%a%>", "{a=1}", obj{"a": 1})

	hi := MustCompile("Hi {{n}}")
	first, err := hi.Render(obj{"n": 1}, nil)
	if err != nil {
		t.Error(err)
	}
	second, err := hi.Render(obj{"n": 2}, nil)
	if err != nil {
		t.Error(err)
	}
	r.Log("compiled reuse %s %s", first, second)
	r.Differs(types, "5 {} -> error mustache.lua: Invalid template passed to Mustache.render")
	r.Differs("nil is an object without anything", "render(nil obj) -> error mustache.lua: No table passed to Mustache.render", `render(nil obj) -> ""`)
	none, err := Render("{{x}}", nil, nil)
	if err != nil {
		t.Error(err)
	}
	r.Log("render(nil obj) -> %q", none)

	dir := t.TempDir()
	file := filepath.Join(dir, "t.mustache")
	write := func(text string, age time.Duration) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		changed := time.Now().Add(-age)
		if err := os.Chtimes(file, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	helper := NewHelper(os.DirFS(dir), &HelperOptions{Debug: true})
	for i, when := range []string{"render", "after file change"} {
		write(fmt.Sprintf("T:{{n%d}}", i), time.Hour-time.Duration(i)*time.Minute)
		text, err := helper.Render("t.mustache", obj{"n0": 1, "n1": 2})
		if err != nil {
			t.Error(err)
		}
		r.Log("helper %s %q", when, text)
	}
	_, err = helper.Render("none", nil)
	r.Log("helper missing file -> %v", err == nil)
	r.Check()
}
