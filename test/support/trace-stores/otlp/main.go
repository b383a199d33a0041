// Takes spans by the OTLP receiver of the OpenTelemetry Collector, by HTTP, and gives them back.
//
// GET /traces answers with all that came since the last DELETE /traces, as OTLP JSON. The program ends when its standard
// input does. Its log, one JSON document a line on standard output, tells on which ports of 127.0.0.1 it listens.
package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/metric/noop"
	tracing "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const anyPort = "127.0.0.1:0"

func main() {
	lines := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(lines, zapcore.Lock(os.Stdout), zap.InfoLevel))
	if err := run(logger); err != nil {
		logger.Fatal(err.Error())
	}
}

func run(logger *zap.Logger) error {
	ctx := context.Background()
	kept := &traces{all: ptrace.NewTraces()}
	otlp, err := newReceiver(ctx, logger, kept)
	if err != nil {
		return err
	}
	if err := otlp.Start(ctx, host{}); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", anyPort)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: kept.handler()}
	logger.Info("Giving traces back", zap.String("endpoint", listener.Addr().String()))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return otlp.Shutdown(ctx)
}

func newReceiver(ctx context.Context, logger *zap.Logger, next consumer.Traces) (receiver.Traces, error) {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = anyPort
	settings := receiver.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger:         logger,
			TracerProvider: tracing.NewTracerProvider(),
			MeterProvider:  noop.NewMeterProvider(),
			Resource:       pcommon.NewResource(),
		},
	}
	return factory.CreateTraces(ctx, settings, config, next)
}

// host has no extensions to offer.
type host struct{}

func (host) GetExtensions() map[component.ID]component.Component { return nil }

// traces is what has been received.
type traces struct {
	mutex sync.Mutex
	all   ptrace.Traces
}

func (*traces) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (t *traces) ConsumeTraces(_ context.Context, received ptrace.Traces) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	received.ResourceSpans().MoveAndAppendTo(t.all.ResourceSpans())
	return nil
}

func (t *traces) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /traces", func(response http.ResponseWriter, _ *http.Request) {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		text, err := new(ptrace.JSONMarshaler).MarshalTraces(t.all)
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.Header().Set("content-type", "application/json")
		_, _ = response.Write(text)
	})
	mux.HandleFunc("DELETE /traces", func(response http.ResponseWriter, _ *http.Request) {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.all = ptrace.NewTraces()
		response.WriteHeader(http.StatusNoContent)
	})
	return mux
}
