package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// The same over https, and so wss; the cookie is for https only then.
func TestTwoPeopleTalkOverTLS(t *testing.T) {
	cert, key := certificate(t)
	a := startApp(t, "-cert", cert, "-key", key)
	ada, grace := newPerson(t, a.addr), newPerson(t, a.addr)
	for p, nick := range map[*person]string{ada: "Ada", grace: "Grace"} {
		call(p, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
		p.do(chromedp.Navigate("https://" + a.addr + "/"))
		p.enterAs(nick)
	}
	ada.say("Hello Grace")
	grace.hears("Ada", "Hello Grace")
	a.stop()
	ada.state("Reconnecting")
	a.start()
	for _, p := range []*person{ada, grace} {
		p.state("Connected")
		p.seesPerson("Ada")
		p.seesPerson("Grace")
	}
	grace.say("Hello Ada")
	ada.hears("Grace", "Hello Ada")
}

// certificate makes a certificate that nobody trusts.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "chatapp"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", keyBytes)
}
