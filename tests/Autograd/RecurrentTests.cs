using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Autograd;

/// <summary>What the walk of recurrent operators along the steps must keep: bits, memory, and where a sequence may be cut.</summary>
[Collection("Alone")]
public sealed class RecurrentTests
{
    private const int Examples = 37;
    private const int Steps = 9;
    private const int Width = 130;

    public static TheoryData<int> Gates => [1, 3, 4];

    [Theory]
    [MemberData(nameof(Gates))]
    public void Values_and_gradients_are_the_same_bits_on_any_number_of_threads(int gates) => SameBits.AssertOnAnyNumberOfThreads(() =>
    {
        using Network network = new(gates);
        return network.Step();
    });

    [Theory]
    [MemberData(nameof(Gates))]
    public void A_warm_step_allocates_nothing(int gates)
    {
        using Network network = new(gates);
        network.Step();
        Allocations.AssertNone(() =>
        {
            network.Run();
            network.Tape.Reset();
        });
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void A_sequence_in_two_parts_gives_the_states_of_the_whole(int gates)
    {
        using Network network = new(gates);
        Variable<float> x = network.Tape.Constant(network.X), weight = network.Weight;
        (Variable<float> whole, _) = network.Walk(x, null, null);
        (Variable<float> first, Variable<float>? cell) = network.Walk(x.Slice(1, 0, 5), null, null);
        (Variable<float> second, _) = network.Walk(x.Slice(1, 5, Steps - 5), first.Slice(1, 4, 1).Reshape([Examples, Width]), cell);
        Assert.Equal(whole.Value.Span.ToArray(), first.Concat(second, 1).Value.Span.ToArray());
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void A_tape_that_does_not_record_gives_the_same_and_keeps_no_gates(int gates)
    {
        using Network network = new(gates);
        using Tape<float> reading = new(records: false);
        float[] expected = network.Walk(network.Tape.Constant(network.X), null, null).States.Value.Span.ToArray();
        Assert.Equal(expected, network.Walk(reading.Constant(network.X), null, null).States.Value.Span.ToArray());
        Assert.True(reading.Nodes.IsEmpty);
    }

    private sealed class Network(int gates) : IDisposable
    {
        public Tape<float> Tape { get; } = new();

        public Tensor<float> X { get; } = Samples.Random<float>([Examples, Steps, gates * Width], 1);

        public Variable<float> Weight { get; } = new(Samples.Random<float>([gates * Width, Width], 2, -0.2, 0.2));

        public (Variable<float> States, Variable<float>? Cell) Walk(Variable<float> x, Variable<float>? state, Variable<float>? cell) => gates switch
        {
            1 => (x.Rnn(Weight, state), null),
            3 => (x.Gru(Weight, null, state), null),
            _ => x.Lstm(Weight, state, cell),
        };

        public Variable<float> Run()
        {
            Weight.ClearGradient();
            Variable<float> x = Tape.Leaf(X).Retain();
            Tape.Backward(Walk(x, null, null).States.Sum());
            return x;
        }

        /// <summary>The gradients of the input and of the weight.</summary>
        public float[] Step()
        {
            float[] gradients = [.. Run().Gradient.Span, .. Weight.Gradient.Span];
            Tape.Reset();
            return gradients;
        }

        public void Dispose() => Tape.Dispose();
    }
}
