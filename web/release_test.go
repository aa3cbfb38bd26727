package web

import (
	"io"
	"log/slog"
	"reflect"
	"testing"

	"github.com/turbogo/turbo/ioloop"
)

// Nothing of a request may reach the next one. What an exchange keeps is its
// application, the memory of its lists, and which use of it this is.
func TestReleaseForgets(t *testing.T) {
	loop := ioloop.New(&ioloop.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	app := NewApplication(nil, &Options{Loop: loop, NoAccessLog: true})
	kept := map[string]bool{"app": true, "gen": true}
	v := reflect.TypeFor[exchange]()
	for i := range v.NumField() {
		f := v.Field(i)
		if kept[f.Name] {
			continue
		}
		x := app.acquire(nil)
		field := func() reflect.Value {
			f := reflect.ValueOf(x).Elem().Field(i)
			return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
		}
		switch f.Name {
		case "facts": // cleared as a whole
			x.facts = facts{sent: 1, touched: true, busy: 1}
		case "captures":
			x.captures.route, x.captures.re = new(Route), []int{1}
		case "made":
			x.mustAdd("A", "b")
		case "req":
			continue // nil here, and set by every use
		case "handler":
			x.handler = &struct{ RequestHandler }{}
		case "packer":
			x.packer = new(packer)
			app.packing++
		default:
			switch w := field(); w.Kind() {
			case reflect.Slice:
				w.Set(reflect.MakeSlice(w.Type(), 1, 1))
				if f.Name == "temps" {
					w.Set(reflect.MakeSlice(w.Type(), 0, 1)) // nothing to remove
				}
			case reflect.String:
				w.SetString("x")
			case reflect.Func:
				w.Set(reflect.MakeFunc(w.Type(), func([]reflect.Value) []reflect.Value { return nil }))
			case reflect.Pointer:
				w.Set(reflect.New(w.Type().Elem()))
			default:
				t.Fatalf("the test cannot fill %s in", f.Name)
			}
		}
		x.release()
		if app.free = app.free[:0]; f.Name == "captures" {
			if x.captures.route != nil || x.captures.re != nil {
				t.Error("captures are not forgotten")
			}
			continue
		}
		switch w := field(); {
		case f.Name == "made":
			if x.made.Len() > 0 {
				t.Error("the header is not forgotten")
			}
		case w.Kind() == reflect.Slice && w.Len() == 0 && f.Name != "xsrf" && f.Name != "content":
			full := w.Slice(0, w.Cap())
			for j := range full.Len() {
				if f.Name != "body" && !full.Index(j).IsZero() {
					t.Errorf("%s keeps what it held", f.Name)
				}
			}
		case !w.IsZero():
			t.Errorf("%s is not forgotten: %v", f.Name, w)
		}
	}
}
