package web

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/turbogo/turbo/internal/wiretest"
)

// readForm is the scenario of the incremental reader.
func readForm(limits formLimits) wiretest.Scenario {
	return func(r *wiretest.Recorder, pieces iter.Seq[[]byte]) {
		form, err := newFormReader("multipart/form-data; boundary=Bound", limits)
		if err != nil {
			panic(err)
		}
		for p := range pieces {
			form.Receive(p)
			for {
				ev, err := form.Next()
				if err != nil {
					r.Eventf("error %v", err)
					return
				}
				switch ev.kind {
				case formPart:
					r.Eventf("part %q %q %q", ev.part.Name, ev.part.FileName, ev.part.ContentType)
				case formData:
					r.Data("data", ev.data)
				case formPartEnd:
					r.Eventf("end of part")
				case formEnd:
					r.Eventf("end")
				}
				if ev.kind == formNeedData {
					break
				}
			}
		}
		whole, err := form.End()
		r.Eventf("whole %v, %v", whole, err)
	}
}

func TestFormsAreReadWhereverTheyAreCut(t *testing.T) {
	field := func(name, content string) string {
		return "--Bound\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + content + "\r\n"
	}
	begin := func(name string) string { return fmt.Sprintf("part %q \"\" \"\"", name) }
	data := func(s string) string { return fmt.Sprintf("data %q", s) }
	const over = "whole true, <nil>"
	for _, c := range []struct {
		body string
		want []string
	}{
		{field("a", "one") + field("b", "two") + "--Bound--\r\n",
			[]string{begin("a"), data("one"), "end of part", begin("b"), data("two"), "end of part", "end", over}},
		{"preamble\r\n--Boundx\r\n" + field("a", "") + "--Bound-- epilogue\r\n--Bound\r\n",
			[]string{begin("a"), "end of part", "end", over}},
		{field("a", "\r\n--Boun\r\n--Bound-\r\n-\r\r\n--Bound x") + "--Bound--",
			[]string{begin("a"), data("\r\n--Boun\r\n--Bound-\r\n-\r\r\n--Bound x"), "end of part", "end", over}},
		{"\r\n" + strings.Replace(field("a", "x"), "Bound\r\n", "Bound \t \r\n", 1) + "--Bound--",
			[]string{begin("a"), data("x"), "end of part", "end", over}},
		// A part that ends with its header: the boundary is where content would begin.
		{strings.TrimSuffix(field("a", ""), "\r\n") + field("b", "--Bound?") + "--Bound--",
			[]string{begin("a"), "end of part", begin("b"), data("--Bound?"), "end of part", "end", over}},
		{"--Bound--", []string{"end", over}},
		{"", []string{"whole false, " + malformed("the boundary is not in the body").Error()}},
		{field("a", "one"), []string{begin("a"), data("one"), "whole false, <nil>"}},
		{"--Bound\r\nX", []string{"whole false, " + malformed("it ends in the header of a part").Error()}},
		{"--Bound\r\nX\r\n\r\n", []string{"error " + malformed("a header line without a colon").Error()}},
		{field("a", "") + field("b", "") + field("c", ""), []string{begin("a"), "end of part", begin("b"), "end of part", "error " + malformed("too many parts").Error()}},
	} {
		wiretest.Check(t, readForm(formLimits{parts: 2, header: 100}), []byte(c.body), c.want)
	}
}

func TestPartsAreLimitedWhereverTheyAreCut(t *testing.T) {
	const head, content = "--Bound\r\nContent-Disposition: form-data; name=a\r\n\r\n", "1234567\r\n--Bound--"
	for piece := range len(content) {
		form, err := newFormReader("multipart/form-data; boundary=Bound", formLimits{parts: 1, header: 100, part: 6})
		must(t, err)
		form.Receive([]byte(head))
		for rest := []byte(content); err == nil; {
			var ev formEvent
			if ev, err = form.Next(); err == nil && ev.kind == formNeedData {
				if len(rest) == 0 {
					break
				}
				n := min(piece+1, len(rest))
				form.Receive(rest[:n])
				rest = rest[n:]
			}
		}
		if err == nil || err.Error() != tooLarge("A part of the form is too large.").Error() {
			t.Errorf("by %d: %v", piece+1, err)
		}
	}
}

// The reader holds back little, and copies nothing of what comes whole.
func TestFormContentIsNotCopied(t *testing.T) {
	form, err := newFormReader("multipart/form-data; boundary=Bound", defaultForm)
	must(t, err)
	form.Receive([]byte("--Bound\r\nContent-Disposition: form-data; name=a\r\n\r\n"))
	if ev, err := form.Next(); err != nil || ev.kind != formPart {
		t.Fatalf("%+v, %v", ev, err)
	}
	piece := bytes.Repeat([]byte("0123456789\r\n"), 1<<10)
	got := testing.AllocsPerRun(100, func() {
		form.Receive(piece)
		n := 0
		for {
			ev, err := form.Next()
			must(t, err)
			if n += len(ev.data); ev.kind == formNeedData {
				break
			}
		}
		if n < len(piece)-len(form.dashes) {
			t.Errorf("%d of %d bytes came out", n, len(piece))
		}
	})
	if got > 0 || cap(form.kept) > 4*len(piece) {
		t.Errorf("%v allocations, %d bytes kept", got, cap(form.kept))
	}
}

func FuzzFormReader(f *testing.F) {
	f.Add([]byte("--Bound\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--Bound--"), []byte{3, 1})
	f.Add([]byte("p\r\n--Bound \r\nContent-Disposition: form-data; name=\"a\"; filename=b\r\nContent-Type: c\r\n\r\n\r\n--Bound\r\n"), []byte{1})
	f.Fuzz(func(t *testing.T, body, cuts []byte) {
		wiretest.Same(t, readForm(formLimits{parts: 3, header: 200}), body, cuts)
	})
}

// What the standard library reads without complaint is read the same here.
func FuzzFormAgainstTheStandardLibrary(f *testing.F) {
	f.Add("--Bound\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--Bound--")
	f.Fuzz(func(t *testing.T, body string) {
		var want []string
		r := multipart.NewReader(strings.NewReader(body), "Bound")
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			content, err := io.ReadAll(p)
			if err != nil || p.FormName() == "" || p.Header.Get("Content-Transfer-Encoding") != "" ||
				len(p.Header["Content-Disposition"]) > 1 || strings.Contains(body, "\n ") || strings.Contains(body, "\n\t") {
				return
			}
			want = append(want, p.FormName()+"="+string(content))
		}
		if strings.Count(body, "\n") != strings.Count(body, "\r\n") || !strings.Contains(body, "\r\n--Bound--") {
			return // the library takes bare line feeds
		}
		parts, err := parseMultipart("multipart/form-data; boundary=Bound", []byte(body), defaultForm)
		if err != nil {
			t.Skip("stricter")
		}
		var got []string
		for _, p := range parts {
			got = append(got, p.Name+"="+string(p.Content))
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q: %q, not %q", body, got, want)
		}
	})
}

// Twice the input takes twice the time, whatever it is full of.
func BenchmarkFormReader(b *testing.B) {
	head := "--Bound\r\nContent-Disposition: form-data; name=a\r\n\r\n"
	for _, c := range []struct{ name, unit string }{
		{"content", strings.Repeat("x", 64)}, {"boundaries", "\r\n--Boun"}, {"longer", "\r\n--Boundx"},
		{"returns", "\r"}, {"padding", "\r\n--Bound" + strings.Repeat(" ", maxPadding+1)},
	} {
		for _, size := range []int{1 << 20, 2 << 20} {
			body := head + strings.Repeat(c.unit, size/len(c.unit))
			for _, piece := range []int{16, 64 << 10} {
				b.Run(fmt.Sprintf("%s/%dM/by%d", c.name, size>>20, piece), func(b *testing.B) {
					b.SetBytes(int64(len(body)))
					for b.Loop() {
						form, _ := newFormReader("multipart/form-data; boundary=Bound", defaultForm)
						for rest := []byte(body); len(rest) > 0; {
							n := min(piece, len(rest))
							form.Receive(rest[:n])
							rest = rest[n:]
							for {
								ev, err := form.Next()
								if err != nil {
									b.Fatal(err)
								}
								if ev.kind == formNeedData {
									break
								}
							}
						}
					}
				})
			}
		}
	}
}
