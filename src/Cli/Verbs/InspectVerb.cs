using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt inspect: what is in a model folder or file.</summary>
internal sealed class InspectVerb : Verb
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private readonly Argument<string> _path = new("PATH") { Description = "A model folder, a .gguf, llm.c or .safetensors file." };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    public InspectVerb()
        : base("inspect", "verb.inspect")
    {
        Arguments.Add(_path);
        Options.Add(_json);
    }

    public override string Example => "minigpt inspect runs/quick";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        ModelInspection model = ModelInspection.Read(arguments.GetRequiredValue(_path));
        if (arguments.GetValue(_json))
            Console.Out.WriteLine(model.ToJson().ToJsonString(s_indented));
        else
            Show(model);
        return 0;
    }

    private static void Show(ModelInspection model)
    {
        JsonObject json = model.ToJson();
        Console.Out.WriteLine($"{Visible.Line(model.Path)} ({json["format"]})");
        Console.Out.WriteLine();
        foreach ((string heading, JsonNode? values) in (IEnumerable<(string, JsonNode?)>)
            [("configuration", json["config"]), ("tokenizer", json["tokenizer"]), ("metadata", Filled(json["metadata"])), ("training", Flat(json["training"]))])
        {
            if (values is null)
                continue;
            Console.Out.WriteLine(heading);
            JsonObject pairs = values.AsObject();
            int width = pairs.Max(pair => pair.Key.Length);
            foreach ((string key, JsonNode? value) in pairs)
                Console.Out.WriteLine($"  {Visible.Line(key).PadRight(width)}  {Visible.Line(value?.ToJsonString() ?? "null")}");
            Console.Out.WriteLine();
        }

        Console.Out.WriteLine("parameters");
        Table table = Output.Table("name", "type", "shape", "count", "bytes");
        table.Columns[3].RightAligned().Footer(new Text($"{model.Count:N0}"));
        table.Columns[4].RightAligned().Footer(new Text($"{model.Bytes:N0}"));
        table.Columns[0].Footer(new Text($"{model.Tensors.Count} tensors"));
        foreach (StoredTensor tensor in model.Tensors)
        {
            string shape = $"[{string.Join(", ", tensor.Shape)}]";
            table.AddRow(new Text(Visible.Line(tensor.Name)), new Text($"{tensor.Type}"), new Text(shape),
                new Text($"{tensor.Count:N0}"), new Text($"{tensor.Bytes:N0}"));
        }
        Output.Console.Write(table);
        if (model.Config is { } config)
            Console.Out.WriteLine($"{new ModelShape(config).TrainedCount:N0} parameters that training can change");
    }

    private static JsonObject? Filled(JsonNode? values) => values is JsonObject { Count: > 0 } filled ? filled : null;

    /// <summary>The step and the tokens, then the options, all on one level.</summary>
    private static JsonObject? Flat(JsonNode? training)
    {
        if (training is not JsonObject values)
            return null;
        JsonObject flat = new(values.Where(pair => pair.Key != "options").Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
        foreach ((string key, JsonNode? value) in values["options"]!.AsObject())
            flat[key] = key == "data" && value is JsonArray { Count: 0 } ? "what comes with the program" : value?.DeepClone();
        return flat;
    }
}
