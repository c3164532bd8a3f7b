using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt inspect: what is in a model folder or file.</summary>
internal sealed class InspectVerb : Verb
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private readonly Argument<string> _path = new("PATH");
    private readonly Option<bool> _json = new("--json");

    public InspectVerb()
        : base("inspect", computes: false)
    {
        Arguments.Add(_path);
        Options.Add(_json);
    }

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
            [("inspect.configuration", json["config"]), ("inspect.tokenizer", json["tokenizer"]), ("inspect.metadata", Filled(json["metadata"])), ("inspect.training", Flat(json["training"]))])
        {
            if (values is null)
                continue;
            Console.Out.WriteLine(Messages.Of(heading));
            JsonObject pairs = values.AsObject();
            int width = pairs.Max(pair => pair.Key.Length);
            foreach ((string key, JsonNode? value) in pairs)
                Console.Out.WriteLine($"  {Visible.Line(key).PadRight(width)}  {Visible.Line(value?.ToJsonString(Output.ReadableJson) ?? "null")}");
            Console.Out.WriteLine();
        }

        Console.Out.WriteLine(Messages.Of("inspect.parameters"));
        Table table = Output.Table(
            Messages.Of("inspect.name"), Messages.Of("inspect.type"), Messages.Of("inspect.shape"), Messages.Of("inspect.count"), Messages.Of("inspect.bytes"));
        table.Columns[3].RightAligned().Footer(new Text($"{model.Count:N0}"));
        table.Columns[4].RightAligned().Footer(new Text($"{model.Bytes:N0}"));
        table.Columns[0].Footer(new Text(Messages.Of("inspect.tensors", ("count", model.Tensors.Count))));
        foreach (StoredTensor tensor in model.Tensors)
        {
            string shape = $"[{string.Join(", ", tensor.Shape)}]";
            table.AddRow(new Text(Visible.Line(tensor.Name)), new Text($"{tensor.Type}"), new Text(shape),
                new Text($"{tensor.Count:N0}"), new Text($"{tensor.Bytes:N0}"));
        }
        Output.Console.Write(table);
        if (model.Config is { } config)
            Console.Out.WriteLine(Messages.Of("inspect.trained", ("count", $"{new ModelShape(config).TrainedCount:N0}")));
    }

    private static JsonObject? Filled(JsonNode? values) => values is JsonObject { Count: > 0 } filled ? filled : null;

    /// <summary>The step and the tokens, then the options, all on one level.</summary>
    private static JsonObject? Flat(JsonNode? training)
    {
        if (training is not JsonObject values)
            return null;
        JsonObject flat = new(values.Where(pair => pair.Key != "options").Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
        foreach ((string key, JsonNode? value) in values["options"]!.AsObject())
            flat[key] = key == "data" && value is JsonArray { Count: 0 } ? Messages.Of("inspect.bundled") : value?.DeepClone();
        return flat;
    }
}
