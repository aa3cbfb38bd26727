package httpclient

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/turbogo/turbo/iostream"
)

// tlsConfig makes the configuration that the options describe.
func (o *ClientOptions) tlsConfig() (*tls.Config, error) {
	if o.PrivFile != "" && o.CertFile == "" {
		return nil, errors.New("a PrivFile without a CertFile")
	}
	files := &iostream.TLSFiles{CertFile: o.CertFile, KeyFile: o.PrivFile, CAPath: o.CAPath, NoVerify: o.NoVerify}
	conf, err := files.Client()
	if err != nil {
		return nil, err
	}
	if o.TLS != nil {
		own := o.TLS.Clone()
		if o.CAPath != "" {
			own.RootCAs = conf.RootCAs
		}
		if o.CertFile != "" {
			own.GetClientCertificate = conf.GetClientCertificate
		}
		if own.ClientSessionCache == nil {
			own.ClientSessionCache = conf.ClientSessionCache
		}
		own.InsecureSkipVerify = own.InsecureSkipVerify || o.NoVerify
		conf = own
	}
	// The one protocol that is spoken here.
	conf.NextProtos = []string{"http/1.1"}
	return conf, nil
}

// secure is the step after the way to the host is open.
func (d *dial) secure() {
	if d.url.Scheme != "https" {
		d.done()
		return
	}
	conf, err := d.client.tls, d.client.tlsErr
	if err == nil {
		if conf.ServerName == "" {
			conf = conf.Clone()
			name, _, _ := strings.Cut(d.url.Hostname(), "%") // the zone of an address is no part of it
			conf.ServerName = strings.TrimSuffix(name, ".")
		}
		err = d.stream.StartTLSClient(conf, d.secured)
	}
	if err != nil {
		d.fail(ErrSSL.with(err))
	}
}

// secured is the end of the handshake.
func (d *dial) secured(err error) {
	var timeout interface{ Timeout() bool }
	switch {
	case d.over:
	case err == nil:
		d.done()
	case errors.As(err, &timeout) && timeout.Timeout():
		d.fail(ErrConnectTimeout.with(err))
	default:
		d.fail(ErrSSL.with(err))
	}
}
