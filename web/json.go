package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// WriteJSON writes v as JSON and, unless there is one, sets the Content-Type.
func (h *RequestHandler) WriteJSON(v any) error {
	x := h.open()
	if x == nil {
		return ErrFinished
	}
	if err := x.app.json.write(h, v); err != nil {
		return err
	}
	if x = h.open(); x != nil && x.outcome == buffering && !x.hasOwnType() {
		return x.setType("application/json; charset=UTF-8")
	}
	return nil
}

// A jsonWriter has JSON encoded straight into the content of a response.
type jsonWriter struct {
	encoder *json.Encoder
	to      *RequestHandler // nil when nobody writes
	err     error
}

// write writes v as the content of h. An encoding under way may be suspended, or
// ask for another one: v may have methods of its own. Then the text is made apart.
func (w *jsonWriter) write(h *RequestHandler, v any) error {
	if w.to != nil {
		text, err := json.Marshal(v)
		if err == nil {
			_, err = h.Write(text)
		}
		return err
	}
	if w.encoder == nil {
		w.encoder = json.NewEncoder(w)
	}
	w.to, w.err = h, nil
	defer func() { w.to = nil }()
	if err := w.encoder.Encode(v); err != nil {
		return err
	}
	return w.err
}

// Write takes all of a text at once, with a line end that nobody asked for. Its
// own errors are not the encoder's, which would never forget them.
func (w *jsonWriter) Write(p []byte) (int, error) {
	_, w.err = w.to.Write(p[:len(p)-1])
	return len(p), nil
}

// JSON decodes the request's body into v. A body that is no JSON, or not what v
// takes, is an *HTTPError 400 that says what is wrong with it; one that does not
// claim to be JSON (application/json, or a type that ends in +json) is an
// *HTTPError 415, and one that is longer than Options.MaxJSON 413.
func (h *RequestHandler) JSON(v any) error {
	x := h.live()
	if x == nil {
		return ErrFinished
	}
	t, _, _ := strings.Cut(strings.ToLower(x.field("Content-Type")), ";")
	if t = strings.Trim(t, " \t"); t != "application/json" && !strings.HasSuffix(t, "+json") {
		return &HTTPError{Code: http.StatusUnsupportedMediaType}
	}
	return h.AnyJSON(v)
}

// AnyJSON is JSON whatever the body claims to be. Remember that a form of
// another site can send any text without asking: a handler that relies on
// cookies should use JSON.
func (h *RequestHandler) AnyJSON(v any) error {
	x := h.live()
	if x == nil {
		return ErrFinished
	}
	body := x.bodyBytes()
	if len(body) > x.app.options.MaxJSON {
		return tooLarge("The JSON is too large.")
	}
	return badJSON(json.Unmarshal(body, v), len(body))
}

// badJSON tells the client what is wrong with its JSON, in words that do not
// give the application's types away. A v that nothing can be decoded into is the
// application's mistake.
func badJSON(err error, length int) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var mistake *json.InvalidUnmarshalError
	message := "Unexpected JSON."
	found := ""
	if errors.As(err, &kind) {
		found, _, _ = strings.Cut(kind.Value, " ") // behind "number" comes all of it
	}
	switch {
	case err == nil, errors.As(err, &mistake):
		return err
	case length == 0:
		message = "Malformed JSON: the body is empty."
	case errors.As(err, &syntax) && syntax.Offset >= int64(length):
		message = "Malformed JSON: it ends too early."
	case errors.As(err, &syntax):
		message = fmt.Sprintf("Malformed JSON at byte %d.", syntax.Offset)
	case kind != nil && kind.Field != "":
		message = fmt.Sprintf("Unexpected JSON for %s: %s.", kind.Field, found)
	case kind != nil:
		message = fmt.Sprintf("Unexpected JSON: %s.", found)
	}
	return &HTTPError{Code: http.StatusBadRequest, Message: message}
}
