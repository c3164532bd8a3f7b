using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>Recurrent layers against what PyTorch's recorded: outputs, last states and every gradient.</summary>
public class RecurrentParityTests
{
    private const int Inputs = 7;
    private const int Width = 9;

    public static TheoryData<string> Names => ["rnn", "gru", "lstm", "lstm_bidirectional"];

    [Fact]
    public void Every_recorded_network_is_compared()
    {
        using SafetensorsFixture fixture = Open();
        Assert.Equal(Names.Select(name => (string)name), fixture.Names.Select(name => name.Split('/')[0]).Distinct());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_double_within_1e_9(string name) => Compare<double>(name, 1e-9);

    [Theory]
    [MemberData(nameof(Names))]
    public void In_float_within_1e_4(string name) => Compare<float>(name, 1e-4);

    private static SafetensorsFixture Open() => new("family", "rnn.safetensors");

    private static void Compare<T>(string name, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SafetensorsFixture fixture = Open();
        bool readsBothWays = name == "lstm_bidirectional";
        ParameterSet<T> parameters = new();
        RecurrentStack<T> stack = new(
            parameters, "layers", Enum.Parse<RecurrentKind>(name.Split('_')[0], ignoreCase: true), Inputs, Width,
            layers: readsBothWays ? 1 : 2, readsBothWays);
        Dictionary<string, RecurrentLayer<T>> layers = [];
        for (int i = 0; i < stack.Layers.Count; i++)
        {
            layers.Add($"l{i}", stack.Layers[i]);
            if (readsBothWays)
                layers.Add($"l{i}_reverse", stack.ReversedLayers[i]);
        }

        foreach ((string suffix, RecurrentLayer<T> layer) in layers)
            Load(layer, part => fixture.Read<T>($"{name}/{part}_{suffix}"));

        using Tape<T> tape = new();
        Variable<T> x = tape.Leaf(fixture.Read<T>($"{name}/x"));
        CompareStates(name, fixture, x, layers.Values, readsBothWays, tolerance);
        Variable<T> y = stack.Forward(x, new ForwardPass<T>(tape));
        AssertClose("y", y.Value);
        tape.Backward(y, fixture.Read<T>($"{name}/upstream"));
        AssertClose("grad/x", x.Gradient);
        foreach ((string suffix, RecurrentLayer<T> layer) in layers)
        {
            AssertClose($"grad/weight_ih_{suffix}", layer.Input.Weight.Variable.Gradient);
            AssertClose($"grad/weight_hh_{suffix}", layer.RecurrentWeight.Variable.Gradient);
            AssertClose($"grad/bias_ih_{suffix}", layer.Input.Bias!.Variable.Gradient);
            AssertClose($"grad/bias_hh_{suffix}", (layer.RecurrentBias ?? layer.Input.Bias).Variable.Gradient);
        }

        void AssertClose(string what, Tensor<T> actual) =>
            SafetensorsFixture.AssertClose($"{name}/{what}", fixture.Read<double>($"{name}/{what}"), actual, tolerance);
    }

    private static void Load<T>(RecurrentLayer<T> layer, Func<string, Tensor<T>> read)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        read("weight_ih").Span.CopyTo(layer.Input.Weight.Value.Span);
        read("weight_hh").Span.CopyTo(layer.RecurrentWeight.Value.Span);
        read("bias_ih").Span.CopyTo(layer.Input.Bias!.Value.Span);
        if (layer.RecurrentBias is { } bias)
            read("bias_hh").Span.CopyTo(bias.Value.Span);
        else
            Elementwise.Add(layer.Input.Bias.Value, read("bias_hh"), layer.Input.Bias.Value); // PyTorch's two biases are one sum
    }

    private static void CompareStates<T>(
        string name, SafetensorsFixture fixture, Variable<T> x, IEnumerable<RecurrentLayer<T>> layers, bool isSideBySide, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<T> states = [], cells = [];
        foreach (RecurrentLayer<T> layer in layers)
        {
            RecurrentResult<T> result = layer.Forward(x);
            states.AddRange(result.LastState().Value.Span);
            cells.AddRange(result.LastCell is null ? [] : result.LastCell.Value.Span);
            x = isSideBySide ? x : result.States;
        }

        AssertClose("state0", states);
        if (cells.Count > 0)
            AssertClose("state1", cells);

        void AssertClose(string what, List<T> actual) => SafetensorsFixture.AssertClose(
            $"{name}/{what}", fixture.Read<double>($"{name}/{what}"), Tensor<T>.From([.. actual], [actual.Count]), tolerance);
    }
}
