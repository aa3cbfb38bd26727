package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// What goes over the socket is an envelope around a package. From the server:
//
//	{"package":{"type":"message","data":{"nick":"Ada","msg":"hi","id":"k3"}},"time":1700000000000}
//	{"package":{"type":"participant-joined","data":"Ada"},"time":…}
//	{"package":{"type":"participant-left","data":"Ada"},"time":…}
//	{"package":{"type":"participant-update","data":["Ada","Grace"]},"time":…}
//	{"package":{"type":"message-refused","data":{"id":"k3","reason":"Too fast."}},"time":…}
//
// and from the browser, where the id is optional:
//
//	{"package":{"data":{"msg":"hi","id":"k3"}}}
type envelope struct {
	Package parcel `json:"package"`
	Time    int64  `json:"time"` // milliseconds since 1970
}

type parcel struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

type message struct {
	Nick string `json:"nick"`
	Msg  string `json:"msg"`
	ID   string `json:"id"`
}

type refusal struct {
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

// maxID is how many bytes a sender's name for a message may have.
const maxID = 40

var errEnvelope = errors.New("not a chat package")

// encodeEnvelope writes what the browser reads.
func encodeEnvelope(kind string, data any, at time.Time) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it goes into textContent, never into HTML
	if err := enc.Encode(envelope{parcel{kind, data}, at.UnixMilli()}); err != nil {
		panic(err) // strings and lists of strings can always be encoded
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// decodeSaid reads what the browser writes.
func decodeSaid(p []byte) (id, text string, err error) {
	var in struct {
		Package *struct {
			Data *struct {
				Msg *string `json:"msg"`
				ID  string  `json:"id"`
			} `json:"data"`
		} `json:"package"`
	}
	if json.Unmarshal(p, &in) != nil || in.Package == nil || in.Package.Data == nil ||
		in.Package.Data.Msg == nil || len(in.Package.Data.ID) > maxID {
		return "", "", errEnvelope
	}
	return in.Package.Data.ID, *in.Package.Data.Msg, nil
}
