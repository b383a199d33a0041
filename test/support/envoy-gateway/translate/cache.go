package sluice

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"

	adminv3 "github.com/envoyproxy/go-control-plane/envoy/admin/v3"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	egv1a1 "github.com/envoyproxy/gateway/api/v1alpha1"
	"github.com/envoyproxy/gateway/internal/logging"
	"github.com/envoyproxy/gateway/internal/wasm"
)

// What translate.go takes from its neighbours.
type envoyConfigType string

const (
	BootstrapEnvoyConfigType envoyConfigType = "bootstrap"
	ClusterEnvoyConfigType   envoyConfigType = "cluster"
	EndpointEnvoyConfigType  envoyConfigType = "endpoint"
	ListenerEnvoyConfigType  envoyConfigType = "listener"
	RouteEnvoyConfigType     envoyConfigType = "route"
	AllEnvoyConfigType       envoyConfigType = "all"

	yamlOutput = "yaml"
	jsonOutput = "json"
)

func findXDSResourceFromConfigDump(_ envoyConfigType, _ *adminv3.ConfigDump) (protoreflect.ProtoMessage, error) {
	return nil, errors.New("only all resources are translated")
}

var wasmCache wasm.Cache

// modules fetches every module from a server on this machine, whatever the host of its URL, by Envoy Gateway's own fetcher: that
// looks at checksums and at what is no module.
type modules struct {
	cache *wasm.HTTPServer
	base  string
}

func (m *modules) Start(_ context.Context) {}

func (m *modules) Get(url string, opts *wasm.GetOptions) (string, string, error) {
	name := path.Base(url)
	fetched := *opts
	if strings.HasPrefix(url, "oci://") {
		// The same file stands for the image: the checksum is that of a manifest, which nobody has here.
		name = strings.FieldsFunc(name, func(r rune) bool { return r == ':' || r == '@' })[0] + ".wasm"
		fetched.Checksum = ""
	}
	_, checksum, err := m.cache.Get(m.base+"/"+name, &fetched)
	return "https://modules.invalid/" + name, checksum, err
}

// Command is `egctl x translate` for modules in a folder.
func Command(folder string) *cobra.Command {
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	temporary, err := os.MkdirTemp("", "modules-")
	if err != nil {
		panic(err)
	}
	wasmCache = &modules{
		base: server.URL,
		cache: wasm.NewHTTPServerWithFileCache(
			wasm.ServerOptions{},
			wasm.CacheOptions{CacheDir: temporary},
			"envoy-gateway-system",
			logging.DefaultLogger(io.Discard, egv1a1.LogLevelInfo),
		),
	}
	command := newTranslateCommand()
	command.SetArgs(os.Args[2:])
	command.PersistentPostRun = func(_ *cobra.Command, _ []string) {
		server.Close()
		_ = os.RemoveAll(temporary)
	}
	return command
}
