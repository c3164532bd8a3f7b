using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>One case of ONNX's operator suite: an operator, its attributes, inputs, and the outputs that ONNX's reference gave.</summary>
public sealed class OnnxCase
{
    private static readonly Lazy<Dictionary<string, OnnxCase>> s_all = new(() =>
        File.ReadLines(Fixtures.File("onnx_node_cases.jsonl"))
            .Select(line => new OnnxCase(JsonDocument.Parse(line).RootElement))
            .ToDictionary(onnx => onnx.Name));

    private readonly JsonElement _root;
    private readonly JsonElement _attributes;

    private OnnxCase(JsonElement root)
    {
        _root = root;
        _attributes = root.GetProperty("attrs");
    }

    /// <summary>All cases by their names.</summary>
    public static IReadOnlyDictionary<string, OnnxCase> All => s_all.Value;

    public string Name => _root.GetProperty("case").GetString()!;

    public string Operator => _root.GetProperty("op").GetString()!;

    /// <summary>The names of the outputs by position; those that are not asked for are empty.</summary>
    public string[] OutputNames => Names("node_outputs");

    public Tensor<float> Output(string name) => Read(_root.GetProperty("outputs"), name);

    public bool Has(int input) => Names("node_inputs") is var names && input < names.Length && names[input].Length > 0;

    public bool IsBoolean(int input) =>
        Find(_root.GetProperty("inputs"), Names("node_inputs")[input]).GetProperty("dtype").GetString() == "bool";

    /// <summary>An input by its position: booleans as 0 and 1, whole numbers as float, which holds those of the suite exactly.</summary>
    public Tensor<float> Tensor(int input) => Read(_root.GetProperty("inputs"), Names("node_inputs")[input]);

    /// <summary>An input of whole numbers.</summary>
    public Tensor<int> Integers(int input)
    {
        Tensor<float> tensor = Tensor(input);
        return Tensor<int>.From([.. tensor.Span.ToArray().Select(number => checked((int)number))], tensor.Shape);
    }

    /// <summary>An input as a variable that wants no gradient.</summary>
    public Variable<float> Variable(Tape<float> tape, int input) => tape.Constant(Tensor(input));

    public int WholeNumber(string attribute, int otherwise) =>
        _attributes.TryGetProperty(attribute, out JsonElement value) ? value.GetInt32() : otherwise;

    public float Number(string attribute, float otherwise) =>
        _attributes.TryGetProperty(attribute, out JsonElement value) ? value.GetSingle() : otherwise;

    public string? Text(string attribute) => _attributes.TryGetProperty(attribute, out JsonElement value) ? value.GetString() : null;

    public int[]? Integers(string attribute) => _attributes.TryGetProperty(attribute, out JsonElement value)
        ? [.. value.EnumerateArray().Select(number => number.GetInt32())] : null;

    private string[] Names(string property) => [.. _root.GetProperty(property).EnumerateArray().Select(name => name.GetString()!)];

    private static JsonElement Find(JsonElement tensors, string name) =>
        tensors.EnumerateArray().Single(tensor => tensor.GetProperty("name").GetString() == name);

    private static Tensor<float> Read(JsonElement tensors, string name)
    {
        JsonElement tensor = Find(tensors, name);
        int[] sizes = [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        return Tensor<float>.From([.. tensor.GetProperty("data").EnumerateArray().Select(Element)], new Shape(sizes));
    }

    private static float Element(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.Number => element.GetSingle(),
        _ => element.GetString() switch
        {
            "Infinity" => float.PositiveInfinity,
            "-Infinity" => float.NegativeInfinity,
            string other => throw new InvalidDataException($"'{other}' is no number."),
            null => throw new InvalidDataException("null is no number."),
        },
    };
}
