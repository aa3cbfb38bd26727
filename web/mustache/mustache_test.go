package mustache

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func render(t *testing.T, template string, data any) string {
	t.Helper()
	text, err := Render(template, data, nil)
	if err != nil {
		t.Errorf("%q: %v", template, err)
	}
	return text
}

type person struct {
	Name   string
	Age    int `mustache:"age"`
	Boss   *person
	Tags   []string
	secret string
	*extra
}

type extra struct{ Town string }

type level int

func (l level) String() string { return fmt.Sprintf("level %d", int(l)) }

type key string

func TestValues(t *testing.T) {
	var nobody *person
	var noStringer *netip.Prefix
	var noFunc func(string) string
	age := 7
	pointer := &age
	p := person{Name: "Ann", Age: 50, Boss: &person{Name: "Bo"}, Tags: []string{"a", "b"}, secret: "x", extra: &extra{"Oslo"}}
	for _, c := range []struct {
		template string
		data     any
		want     string
	}{
		{"{{Name}} {{age}} {{Boss.Name}} {{#Tags}}{{.}}{{/Tags}} {{Town}}", p, "Ann 50 Bo ab Oslo"},
		{"{{Name}} {{Age}}{{secret}}{{Boss.Boss.Name}}", &p, "Ann "},
		{"{{Town}}", person{}, ""},
		{"{{#Boss}}{{Name}}{{/Boss}}{{^Boss}}none{{/Boss}}", person{}, "none"},
		{"[{{.}}]", nil, "[]"},
		{"[{{.}}]{{#.}}x{{/.}}{{x}}", nobody, "[]"},
		{"[{{a}}{{b}}{{c}}{{d}}{{e}}]", map[string]any{"a": nil, "b": nobody, "c": []any(nil), "d": noFunc, "e": noStringer}, "[]"},
		{"{{#a}}x{{/a}}{{^a}}y{{/a}}", map[string]any{"a": map[string]any(nil)}, "y"},
		{"{{#a}}x{{/a}}", map[string]any{"a": map[string]any{}}, "x"},
		{"{{#a}}x{{/a}}{{#b}}y{{/b}}", map[string]any{"a": 0, "b": ""}, "xy"},
		{"{{#a}}{{b}}{{/a}}", map[string]any{"b": 1, "a": map[string]any{"b": nil}}, ""},
		{"{{a}} {{b}} {{c}} {{d}} {{e}}", map[string]any{"a": 1e20, "b": 0.1, "c": float32(0.1), "d": 1e-9, "e": math.Inf(1)}, "100000000000000000000 0.1 0.1 1e-09 +Inf"},
		{"{{a}} {{b}} {{c}} {{d}}", map[string]any{"a": level(3), "b": []byte("<b>"), "c": errors.New("e"), "d": pointer}, "level 3 &lt;b&gt; e 7"},
		{"{{a}}", map[string]any{"a": netip.MustParseAddr("::1")}, "::1"},
		{"{{a}}", map[string]any{"a": time.Unix(0, 0).UTC()}, "1970-01-01T00:00:00Z"},
		{"{{a.b}}", map[key]map[string]string{"a": {"b": "c"}}, "c"},
		{"{{a}}", map[int]string{1: "x"}, ""},
		{"{{#a}}{{.}}{{/a}}", map[string]any{"a": [2]int{1, 2}}, "12"},
		{"{{#a}}{{.}}{{/a}}", map[string]any{"a": []byte("text")}, "text"},
		{"{{f}} {{g}} {{h}} {{#g}}{{.}}{{/g}}", map[string]any{
			"f": func(name string) string { return "<" + name + ">" },
			"g": func() string { return "g" },
			"h": func() any { return 5 },
		}, "&lt;f&gt; g 5 g"},
		{"{{a}}{{&a}}", map[string]any{"a": `"'`}, `&quot;&#39;"'`},
		{"{{a}}", map[string]any{"a": []any{1, "b"}}, "[1 b]"},
	} {
		if got := render(t, c.template, c.data); got != c.want {
			t.Errorf("%q with %#v: %q, not %q", c.template, c.data, got, c.want)
		}
	}
	type loop *loop
	var l loop
	l = &l
	if got := render(t, "{{.}}{{#.}}x{{/.}}{{a}}", l); got != "" {
		t.Error(got)
	}
	if _, err := Render("{{.}}", make(chan int), nil); err == nil {
		t.Error("a channel is text")
	}
}

func TestSectionFunctions(t *testing.T) {
	data := map[string]any{
		"name": "<Ann>",
		"bold": func(text string, render func(string) (string, error)) (string, error) {
			inner, err := render(text)
			return "<b>" + inner + "</b>", err
		},
		"bad": func(text string, render func(string) (string, error)) (string, error) { return render("{{") },
		"loop": func(text string, render func(string) (string, error)) (string, error) {
			return render("{{#loop}}{{/loop}}")
		},
		"text": func(text string, _ func(string) (string, error)) (string, error) { return text, nil },
	}
	if got := render(t, "a {{#bold}}Hi {{name}}{{/bold}}{{=| |=}}|#bold| |name||/bold| |#text| x|name| |/text|", data); got != "a <b>Hi &lt;Ann&gt;</b><b> &lt;Ann&gt;</b>  x|name| " {
		t.Error(got)
	}
	if _, err := Render("{{#bad}}{{/bad}}", data, nil); err == nil {
		t.Error("no error")
	}
	if _, err := Render("{{#loop}}{{/loop}}", data, nil); !errors.Is(err, ErrDepth) {
		t.Error(err)
	}
}

func TestMalformedTemplates(t *testing.T) {
	for template, want := range map[string]string{
		"a\n{{b":                     "line 2: tag is not closed",
		"{{{b}}":                     "line 1: tag is not closed",
		"{{=b}}":                     "line 1: tag is not closed",
		"\n\n{{ }}":                  "line 3: tag is empty",
		"{{#}}":                      "line 1: tag is empty",
		"{{=a=}}":                    "line 1: delimiters must be two words without an equals sign",
		"{{= a b c =}}":              "line 1: delimiters must be two words without an equals sign",
		"{{#a}}\n{{#b}}\n{{/a}}":     "line 3: section a is closed where b should be",
		"x\n{{#a}}\n{{^b}}{{/b}}\n":  "line 2: section a is not closed",
		"{{#a}}{{/a}}\n\n{{/a}}":     "line 3: section a is closed and was never opened",
		"{{!\n\n}}\n  {{!x}}  \n{{/": "line 5: tag is not closed",
		"{{<p}}x":                    "line 1: section p is not closed",
	} {
		_, err := Compile(template)
		var e *Error
		if !errors.As(err, &e) || err.Error() != "mustache: "+want {
			t.Errorf("%q: %v", template, err)
		}
	}
	if _, err := Compile(strings.Repeat("{{#a}}", maxNesting+1)); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MustCompile("{{")
}

func TestRenderingIsBounded(t *testing.T) {
	data := map[string]any{"a": strings.Repeat("x", 1000), "l": make([]int, 1000)}
	for name, c := range map[string]struct {
		template string
		partials map[string]string
		want     error
	}{
		"a template includes itself": {"{{>p}}", map[string]string{"p": "{{>p}}"}, ErrDepth},
		"a parent does":              {"{{<p}}{{/p}}", map[string]string{"p": "{{<p}}{{/p}}"}, ErrDepth},
		"twice, without a word":      {"{{>p}}", map[string]string{"p": "{{#l}}{{>q}}{{/l}}", "q": "{{#l}}{{>r}}{{/l}}", "r": ""}, ErrTooLarge},
		"much text":                  {"{{#l}}{{#l}}{{{a}}}{{/l}}{{/l}}", nil, ErrTooLarge},
		"much of a template":         {"{{#l}}{{#l}}" + strings.Repeat("x", 1000) + "{{/l}}{{/l}}", nil, ErrTooLarge},
		"a template that is wrong":   {"{{>p}}", map[string]string{"p": "{{"}, errMalformed},
	} {
		_, err := MustCompile(c.template).Render(data, &Options{Partials: PartialMap(c.partials), MaxBytes: 1 << 20})
		var e *Error
		if !errors.Is(err, c.want) && !(c.want == errMalformed && errors.As(err, &e)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := MustCompile("{{a}}")
	if _, err := c.Render(data, &Options{MaxBytes: 999}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if out, err := c.AppendRender([]byte("kept "), data, &Options{MaxBytes: 1000}); len(out) != 1005 || err != nil {
		t.Error(len(out), err)
	}
	if _, err := MustCompile("{{#a}}{{#a}}{{/a}}{{/a}}").Render(data, &Options{MaxDepth: 2}); !errors.Is(err, ErrDepth) {
		t.Error(err)
	}
}

var errMalformed = errors.New("an *Error")

func TestStrict(t *testing.T) {
	for _, template := range []string{"{{none}}", "{{a.none}}", "{{>none}}", "{{<none}}{{/none}}"} {
		_, err := MustCompile(template).Render(map[string]any{"a": 1}, &Options{Strict: true})
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "none on line 1") {
			t.Errorf("%s: %v", template, err)
		}
	}
	text, err := MustCompile("{{a}}{{#none}}x{{/none}}{{^none}}y{{/none}}").Render(map[string]any{"a": nil}, &Options{Strict: true})
	if text != "y" || err != nil {
		t.Error(text, err)
	}
}

func TestHelper(t *testing.T) {
	files := fstest.MapFS{
		"page.mustache":  {Data: []byte("{{>part}}{{>*which}}{{>../secret}}{{>none}}")},
		"part":           {Data: []byte("[{{x}}]")},
		"wrong":          {Data: []byte("\n{{#x}}")},
		"folder/inner.m": {Data: []byte("inner")},
		"uses":           {Data: []byte("{{>wrong}}")},
		"large":          {Data: make([]byte, maxTemplate+1)},
	}
	h := NewHelper(files, nil)
	data := map[string]any{"x": 1, "which": "/etc/passwd"}
	if text, err := h.Render("page", data); text != "[1]" || err != nil {
		t.Error(text, err)
	}
	files["part"] = &fstest.MapFile{Data: []byte("changed"), ModTime: time.Unix(1, 0)}
	if text, err := h.Render("page", data); text != "[1]" || err != nil {
		t.Error("it is loaded once:", text, err)
	}
	for name, want := range map[string]string{
		"none": "file does not exist", "folder": "not a regular file", "wrong": "template wrong: mustache: line 2: section x is not closed",
		"uses": "template wrong: mustache: line 2", "large": "too large", "../page": "file does not exist",
	} {
		if _, err := h.Render(name, data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Load("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	debug := NewHelper(files, &HelperOptions{Debug: true, Extension: ".m", Strict: true})
	first, err := debug.Load("folder/inner")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := debug.Load("folder/inner"); again != first || err != nil {
		t.Error("it has not changed", err)
	}
	files["folder/inner.m"] = &fstest.MapFile{Data: []byte("{{y}}"), ModTime: time.Unix(1, 0)}
	if again, err := debug.Load("folder/inner"); again == first || err != nil {
		t.Error("it has changed", err)
	}
	if _, err := debug.Render("folder/inner", data); !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
}

// FuzzTemplate looks whether any template or data can make it panic, hang or
// lose text.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"{{a}}{{{a}}}{{&a}}{{#l}}{{.}}{{/l}}{{^l}}no{{/l}}", "{{<p}}{{$b}}\n  x\n{{/b}}{{/p}}\n", "  {{>p}}\n|{{=<% %>=}}<%a%>", "{{! c }}\r\n {{#a}}\r\n{{/a}}", "{{>*a}}{{a.b}}",
	} {
		f.Add(s, "{{$b}}\n one\n {{a}}{{/b}}{{>p}}")
	}
	f.Fuzz(func(t *testing.T, template, part string) {
		data := map[string]any{"a": "<&>", "l": []any{1, nil, "x"}, "b": map[string]any{"a": part}}
		text, err := Render(template, data, map[string]string{"p": part, "<&>": part})
		if err == nil && !strings.Contains(template, "{{") && text != template {
			t.Errorf("%q became %q", template, text)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	c := MustCompile("<ul>{{#items}}<li>{{name}}: {{price}}</li>\n{{/items}}</ul>")
	items := make([]map[string]any, 100)
	for i := range items {
		items[i] = map[string]any{"name": "item <" + fmt.Sprint(i) + ">", "price": i}
	}
	data := map[string]any{"items": items}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = c.AppendRender(out[:0], data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
