package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// echoes opens a WebSocket to the page's own server, sends messages of many
// lengths, of data that gets smaller and that does not, and tells what was agreed
// upon and the first one that does not come back as it was.
const echoes = `new Promise(resolve => {
	const ws = new WebSocket(location.origin.replace("http", "ws") + "/ws");
	ws.binaryType = "arraybuffer";
	const messages = [];
	for (const n of [0, 1, 125, 126, 511, 512, 5000, 65535, 65536, 1000000]) {
		messages.push("Grüße, 世界! 😀".repeat(n / 12 + 1));
		messages.push(new Uint8Array(n).fill(7));
		const noise = new Uint8Array(n);
		for (let i = 0; i < n; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
		messages.push(noise);
	}
	const same = (a, b) => typeof a === "string" || typeof b === "string" ? a === b :
		a.length === b.byteLength && new Uint8Array(b).every((x, i) => x === a[i]);
	let back = 0, wrong = "";
	ws.onopen = () => messages.forEach(m => ws.send(m));
	ws.onmessage = e => {
		if (!wrong && !same(messages[back], e.data)) wrong = "message " + back + " is another one";
		if (++back === messages.length) ws.close(1000);
	};
	ws.onclose = e => resolve([ws.extensions, wrong, e.code, back].join(" | "));
})`

// TestBrowserCompressesMessages: over ws and over wss.
func TestBrowserCompressesMessages(t *testing.T) {
	server := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-o", server, "./internal/testee/server")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building internal/testee/server: %v\n%s", err, out)
	}
	cert, key := certificate(t)
	for _, tc := range []struct {
		name, scheme, agreed string
		args                 []string
	}{
		{"over ws", "http", "permessage-deflate; server_no_context_takeover; client_no_context_takeover", nil},
		{"over wss", "https", "permessage-deflate; server_no_context_takeover; client_no_context_takeover", []string{"-cert", cert, "-key", key}},
		{"declined", "http", "", []string{"-no-deflate"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := startProgram(t, server, append(tc.args, "-quiet")...)
			p := newPerson(t, a.addr)
			call(p, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
			p.do(chromedp.Navigate(tc.scheme + "://" + a.addr + "/"))
			ctx, cancel := context.WithTimeout(p.ctx, patience)
			defer cancel()
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](echoes, chromedp.EvalAwaitPromise))
			if want := tc.agreed + " |  | 1000 | 30"; err != nil || got != want {
				t.Errorf("the browser says %q, %v; want %q", got, err, want)
			}
		})
	}
}
