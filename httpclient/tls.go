package httpclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/turbogo/turbo/iostream"
)

// sessions is how many TLS sessions a client remembers, so that it can take
// them up again.
const sessions = 64

// tlsConfig makes the configuration that the options describe.
func (o *ClientOptions) tlsConfig() (*tls.Config, error) {
	conf := &tls.Config{}
	if o.TLS != nil {
		conf = o.TLS.Clone()
	}
	conf.NextProtos = []string{"http/1.1"}
	if conf.ClientSessionCache == nil {
		conf.ClientSessionCache = tls.NewLRUClientSessionCache(sessions)
	}
	if o.NoVerify {
		conf.InsecureSkipVerify = true
	}
	if o.CertFile != "" || o.PrivFile != "" {
		cert, err := tls.LoadX509KeyPair(o.CertFile, o.PrivFile)
		if err != nil {
			return nil, err
		}
		conf.Certificates = append(conf.Certificates, cert)
	}
	if o.CAPath != "" {
		roots, err := loadRoots(o.CAPath)
		if err != nil {
			return nil, err
		}
		conf.RootCAs = roots
	}
	return conf, nil
}

// loadRoots reads the certificates of a file, or of all files of a directory.
func loadRoots(path string) (*x509.CertPool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*")); err != nil {
			return nil, err
		}
	}
	roots, any := x509.NewCertPool(), false
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil && !info.IsDir() {
			return nil, err
		}
		any = roots.AppendCertsFromPEM(text) || any
	}
	if !any {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return roots, nil
}

var errNoTLS = errors.New("TLS is not there")

// startTLS makes the stream of the dial a TLS one.
func (d *dial) startTLS(done func(error)) {
	if d.client.tlsErr != nil {
		done(d.client.tlsErr)
		return
	}
	done(errNoTLS)
}

// stateTLS returns the state of a stream, nil without TLS.
func stateTLS(*iostream.IOStream) *tls.ConnectionState { return nil }
