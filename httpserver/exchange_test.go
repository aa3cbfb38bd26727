package httpserver

import (
	"reflect"
	"testing"
)

// Nothing of a request may reach the next one, so any knows every field.
func TestExtrasAreCleared(t *testing.T) {
	full := extras{
		spent: new(conn), done: func() {}, onClose: func() {}, onGone: func() {}, value: 1,
		want: func([]byte, error) {}, end: ErrClosed, lost: ErrClosed, remote: "::1",
	}
	v := reflect.ValueOf(full)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() {
			t.Fatalf("the test does not fill %s in", name)
		}
		var one extras
		from, to := reflect.ValueOf(&full).Elem().Field(i), reflect.ValueOf(&one).Elem().Field(i)
		reflect.NewAt(to.Type(), to.Addr().UnsafePointer()).Elem().Set(reflect.NewAt(from.Type(), from.Addr().UnsafePointer()).Elem())
		if one.clear(); !reflect.ValueOf(one).IsZero() {
			t.Errorf("%s is not cleared", name)
		}
	}
}
