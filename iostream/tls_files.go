package iostream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// TLSFiles makes TLS configurations of files in PEM form. The certificates are
// read again when their files have changed, at the next handshake, so that a
// renewed one needs no restart; while the new files do not fit together, the old
// certificate stays in use and that is logged. What Server and Client return is
// the caller's to refine before it is used.
type TLSFiles struct {
	// CertFile holds the certificate to show, and behind it those which lead to
	// an authority. A server must have one. Turbo: cert_file.
	CertFile string
	// KeyFile holds the certificate's private key. Default: it is in CertFile.
	// Turbo: key_file, and priv_file of clients.
	KeyFile string
	// More are the certificates of a server's other names; the name that the
	// client asks for (SNI) decides. Default: none.
	More []TLSPair
	// CAPath is a file or directory with the certificates of authorities. To a
	// client they vouch for the server; default: those that the system trusts. A
	// server accepts only clients with a certificate from one of them (mutual
	// TLS); default: clients need none. It is read once. Turbo: ca_path.
	CAPath string
	// NoVerify has a client accept every certificate, and so everybody who stands
	// between it and the server. Turbo: verify_ca = false.
	NoVerify bool
	// Logger is told when changed files cannot be used. Default: slog.Default().
	Logger *slog.Logger
}

// TLSPair is a certificate and its key, as in TLSFiles.
type TLSPair struct {
	// CertFile holds the certificate, KeyFile its key; as in TLSFiles.
	CertFile, KeyFile string
}

// Server returns a configuration for ListenOptions.TLS. It fails when the files
// cannot be used; the error is a *TLSError that names the file.
func (f *TLSFiles) Server() (*tls.Config, error) {
	if f.CertFile == "" {
		return nil, misconfigured(errors.New("a server needs a CertFile"))
	}
	store, err := f.open()
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{GetCertificate: store.forClient}
	if f.CAPath != "" {
		if conf.ClientCAs, err = readAuthorities(f.CAPath); err != nil {
			return nil, err
		}
		conf.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return conf, nil
}

// Client returns a configuration for Options.TLS, with a cache of sessions: a
// connection to a server that was visited before costs less. It fails when the
// files cannot be used; the error is a *TLSError that names the file.
func (f *TLSFiles) Client() (*tls.Config, error) {
	conf := &tls.Config{
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
		InsecureSkipVerify: f.NoVerify,
	}
	if f.CAPath != "" {
		var err error
		if conf.RootCAs, err = readAuthorities(f.CAPath); err != nil {
			return nil, err
		}
	}
	if f.CertFile != "" {
		store, err := f.open()
		if err != nil {
			return nil, err
		}
		conf.GetClientCertificate = store.forServer
	}
	return conf, nil
}

func misconfigured(err error) error {
	return &TLSError{Reason: TLSMisconfigured, Ours: true, Err: err}
}

// readAuthorities reads the certificates in a file, or in the files of a
// directory.
func readAuthorities(path string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	found := false
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == path {
				return nil
			}
			return fs.SkipDir
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		found = pool.AppendCertsFromPEM(text) || found
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("%s: no certificate in it", path)
	}
	if err != nil {
		return nil, misconfigured(err)
	}
	return pool, nil
}

// certStore holds certificates that follow their files. It is asked by
// handshakes, several at the same time: who takes the list out of the box has it
// alone.
type certStore struct {
	box    chan []*keyPair
	logger *slog.Logger
}

// keyPair is a certificate and the files it was read from.
type keyPair struct {
	files [2]string // of the certificate and of its key
	seen  [2]os.FileInfo
	cert  *tls.Certificate
}

func (f *TLSFiles) open() (*certStore, error) {
	var list []*keyPair
	for _, p := range append([]TLSPair{{f.CertFile, f.KeyFile}}, f.More...) {
		if p.KeyFile == "" {
			p.KeyFile = p.CertFile
		}
		k := &keyPair{files: [2]string{p.CertFile, p.KeyFile}}
		if err := k.refresh(); err != nil {
			return nil, misconfigured(err)
		}
		list = append(list, k)
	}
	store := &certStore{box: make(chan []*keyPair, 1), logger: f.Logger}
	store.box <- list
	return store, nil
}

// refresh reads the files if they have changed. After an error the certificate
// is the one from before, and the files count as seen.
func (k *keyPair) refresh() error {
	// Looked at before they are read: what changes meanwhile is noticed the next
	// time.
	var now [2]os.FileInfo
	for i, name := range k.files {
		now[i], _ = os.Stat(name) // to read it will fail as well
	}
	if k.cert != nil && sameVersion(k.seen[0], now[0]) && sameVersion(k.seen[1], now[1]) {
		return nil
	}
	k.seen = now
	cert, err := tls.LoadX509KeyPair(k.files[0], k.files[1])
	if err != nil {
		return fmt.Errorf("%s, %s: %w", k.files[0], k.files[1], err)
	}
	k.cert = &cert
	return nil
}

// sameVersion compares what is known of a file; nil is one that is not there.
func sameVersion(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// choose returns the first certificate that fits, or else the first one.
func (c *certStore) choose(fits func(*tls.Certificate) error) *tls.Certificate {
	list := <-c.box
	defer func() { c.box <- list }()
	for _, k := range list {
		if err := k.refresh(); err != nil {
			c.log().Error("iostream: changed TLS files cannot be used, the certificate from before is", "error", err)
		}
	}
	for _, k := range list {
		if fits(k.cert) == nil {
			return k.cert
		}
	}
	return list[0].cert
}

func (c *certStore) log() *slog.Logger {
	if c.logger != nil {
		return c.logger
	}
	return slog.Default()
}

// forClient is a tls.Config's GetCertificate.
func (c *certStore) forClient(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.choose(hello.SupportsCertificate), nil
}

// forServer is a tls.Config's GetClientCertificate. A certificate that the
// server did not ask for is shown all the same: it tells what it dislikes.
func (c *certStore) forServer(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return c.choose(request.SupportsCertificate), nil
}
