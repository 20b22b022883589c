// The schema of the AWS provider without its code: `terraform validate` and `terraform test` with mocks ask for nothing else. It can plan, read and
// change nothing, so that a test that forgot its mock fails.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed schema
var published embed.FS

type attribute struct {
	Type json.RawMessage `json:"type"`
	How  string          `json:"how"`
}

type nested struct {
	Nesting string `json:"nesting"`
	Min     int64  `json:"min"`
	Max     int64  `json:"max"`
	Block   block  `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"blocks"`
}

// The types that are asked for, separated by commas; all where it is not set. Terraform reads each schema at each start: of 2,400 types for a second.
const typesVariable = "VRU_STUB_TYPES"

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
}

func (b block) schema(path string) (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{}
	for name, each := range b.Attributes {
		kind, err := tftypes.ParseJSONType(each.Type) //nolint:staticcheck // the only reader of this notation
		if err != nil {
			return nil, fmt.Errorf("type of %s.%s: %w", path, name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: kind,
			Required: strings.Contains(each.How, "r"), Optional: strings.Contains(each.How, "o"), Computed: strings.Contains(each.How, "c"),
			WriteOnly: strings.HasSuffix(name, "_wo"),
		})
	}
	for name, each := range b.Blocks {
		inner, err := each.Block.schema(path + "." + name)
		if err != nil {
			return nil, err
		}
		nesting, known := nestings[each.Nesting]
		if !known {
			return nil, fmt.Errorf("nesting of %s.%s: %s", path, name, each.Nesting)
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner, Nesting: nesting, MinItems: each.Min, MaxItems: each.Max})
	}
	return out, nil
}

func readSchema(path string) (*tfprotov5.Schema, error) {
	text, err := published.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var read block
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	inner, err := read.schema(path)
	return &tfprotov5.Schema{Block: inner}, err
}

// Those of the types that are asked for.
func readSchemas(kind string) (map[string]*tfprotov5.Schema, error) {
	asked, chosen := os.LookupEnv(typesVariable)
	types := strings.Split(asked, ",")
	files, err := published.ReadDir("schema/" + kind)
	if err != nil {
		return nil, err
	}
	out := map[string]*tfprotov5.Schema{}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".json")
		if chosen && !slices.Contains(types, name) {
			continue
		}
		if out[name], err = readSchema("schema/" + kind + "/" + file.Name()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func read() (*tfprotov5.GetProviderSchemaResponse, error) {
	resources, err := readSchemas("resources")
	if err != nil {
		return nil, err
	}
	data, err := readSchemas("data")
	if err != nil {
		return nil, err
	}
	ephemeral, err := readSchemas("ephemeral")
	if err != nil {
		return nil, err
	}
	provider, err := readSchema("schema/provider.json")
	if err != nil {
		return nil, err
	}
	return &tfprotov5.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true},
		Provider:           provider, ResourceSchemas: resources, DataSourceSchemas: data, EphemeralResourceSchemas: ephemeral,
	}, nil
}

// What is not here (planning, reading, applying) is never asked: a provider that is not mocked is refused when it is configured.
type server struct {
	tfprotov5.ProviderServer
	schema *tfprotov5.GetProviderSchemaResponse
}

func (s server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	return &tfprotov5.GetMetadataResponse{ServerCapabilities: s.schema.ServerCapabilities}, nil
}

func (s server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return s.schema, nil
}

func (s server) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (s server) PrepareProviderConfig(_ context.Context, asked *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: asked.Config}, nil
}

func (s server) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (s server) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (s server) ValidateEphemeralResourceConfig(context.Context, *tfprotov5.ValidateEphemeralResourceConfigRequest) (*tfprotov5.ValidateEphemeralResourceConfigResponse, error) {
	return &tfprotov5.ValidateEphemeralResourceConfigResponse{}, nil
}

func (s server) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{Diagnostics: []*tfprotov5.Diagnostic{{
		Severity: tfprotov5.DiagnosticSeverityError,
		Summary:  "This provider has the schema of AWS only",
		Detail:   "A test must mock it: `mock_provider \"aws\" {}`, and required_providers in each module that a test runs.",
	}}}, nil
}

func (s server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func main() {
	schema, err := read()
	if err == nil {
		err = tf5server.Serve("registry.terraform.io/hashicorp/aws", func() tfprotov5.ProviderServer { return server{schema: schema} })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
