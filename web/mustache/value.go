package mustache

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// lookup finds the value of a dotted name: its first part in the innermost
// context that has it, the others in what was found.
func (r *renderer) lookup(path []string) (any, bool) {
	if path == nil {
		return r.stack[len(r.stack)-1], true
	}
	for i := len(r.stack) - 1; i >= 0; i-- {
		v, ok := member(r.stack[i], path[0])
		if !ok {
			continue
		}
		for _, name := range path[1:] {
			if v, ok = member(called(v, name), name); !ok {
				return nil, false
			}
		}
		return v, true
	}
	return nil, false
}

// member returns what a map or struct has under a name.
func member(v any, name string) (any, bool) {
	switch m := v.(type) {
	case map[string]any:
		value, ok := m[name]
		return value, ok
	case map[string]string:
		value, ok := m[name]
		return value, ok
	}
	switch x := indirect(reflect.ValueOf(v)); x.Kind() {
	case reflect.Map:
		if x.Type().Key().Kind() != reflect.String {
			return nil, false
		}
		value := x.MapIndex(reflect.ValueOf(name).Convert(x.Type().Key()))
		if !value.IsValid() || !value.CanInterface() {
			return nil, false
		}
		return value.Interface(), true
	case reflect.Struct:
		return field(x, name)
	}
	return nil, false
}

// field returns a field of a struct by its name, or that of its tag.
func field(x reflect.Value, name string) (any, bool) {
	for _, f := range reflect.VisibleFields(x.Type()) {
		tag, tagged := f.Tag.Lookup("mustache")
		if !f.IsExported() || tagged && tag != name || !tagged && f.Name != name {
			continue
		}
		value, err := x.FieldByIndexErr(f.Index)
		if err != nil { // of a struct that is embedded by a nil pointer
			return nil, true
		}
		return value.Interface(), true
	}
	return nil, false
}

// indirect follows pointers and interfaces; of nil it returns the zero Value. A
// pointer that leads back to itself is nothing.
func indirect(x reflect.Value) reflect.Value {
	for range 100 {
		if x.Kind() != reflect.Pointer && x.Kind() != reflect.Interface {
			return x
		}
		x = x.Elem()
	}
	return reflect.Value{}
}

// called returns what a function that stands for a value returns.
func called(v any, name string) any {
	switch f := v.(type) {
	case func(string) string:
		if f != nil {
			return f(name)
		}
	case func() string:
		if f != nil {
			return f()
		}
	case func() any:
		if f != nil {
			return f()
		}
	default:
		return v
	}
	return nil
}

// isTrue tells whether a section of v is rendered. Empty lists are looked for
// elsewhere.
func isTrue(v any) bool {
	x := indirect(reflect.ValueOf(v))
	switch x.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Bool:
		return x.Bool()
	case reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return !x.IsNil()
	}
	return true
}

// elements returns v as a list, if it is one. Bytes are text.
func elements(v any) (reflect.Value, bool) {
	x := indirect(reflect.ValueOf(v))
	switch x.Kind() {
	case reflect.Slice, reflect.Array:
		return x, x.Type().Elem().Kind() != reflect.Uint8
	}
	return x, false
}

// toText returns v as text; nil of any type is nothing.
func toText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return number(v, 64), nil
	}
	x := reflect.ValueOf(v)
	if isNil(x) {
		return "", nil
	}
	switch v := v.(type) {
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		return string(text), err
	case fmt.Stringer:
		return v.String(), nil
	case error:
		return v.Error(), nil
	}
	if x.Kind() == reflect.Pointer {
		inner := indirect(x)
		if !inner.IsValid() || !inner.CanInterface() {
			return "", nil
		}
		return toText(inner.Interface())
	}
	switch x.Kind() {
	case reflect.Float32:
		return number(x.Float(), 32), nil
	case reflect.Float64:
		return number(x.Float(), 64), nil
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return "", fmt.Errorf("a %s is no text", x.Type())
	}
	return fmt.Sprint(v), nil
}

func isNil(x reflect.Value) bool {
	switch x.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface, reflect.UnsafePointer:
		return x.IsNil()
	}
	return false
}

// number writes a number as people do, and not as computers do, unless it is
// very large or very small.
func number(f float64, bits int) string {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'g'
	}
	return strconv.FormatFloat(f, format, -1, bits)
}
