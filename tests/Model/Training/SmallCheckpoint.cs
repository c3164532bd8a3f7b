using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>Checkpoints of which every number depends on the step.</summary>
internal static class SmallCheckpoint
{
    public static TrainingOptions Options { get; } = new() { Layers = 1, Heads = 2, Width = 8, Context = 4, Dropout = 0.25, Data = ["a.txt"] };

    public static Checkpoint<T> At<T>(int step, TrainingOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        options ??= Options;
        Decoder<T> model = new(options.ToConfig(2));
        model.Initialize((ulong)step);
        Optimizer<T> optimizer = options.CreateOptimizer(model.Parameters);
        optimizer.Step = step;
        for (int i = 0; i < optimizer.State.Count; i++)
        {
            foreach (Tensor<T> values in optimizer.State[i].Parts.Select(part => part.Values))
                values.Span.Fill(T.CreateChecked(Math.Pow(step, i + 1)));
        }
        return new Checkpoint<T>
        {
            Options = options,
            Step = step,
            Tokens = step * 768L,
            DataHash = "abc",
            Model = model,
            Tokenizer = CharacterTokenizer.FromText("ab"),
            Optimizer = optimizer,
        };
    }

    /// <summary>The model and the whole state of the optimizer are the same, to the bit.</summary>
    public static void AssertSameNumbers<T>(Checkpoint<T> expected, Checkpoint<T> found)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (string Name, T[] Values)[] numbers = Numbers(found);
        Assert.Equal(Numbers(expected).Select(part => part.Name), numbers.Select(part => part.Name));
        Assert.All(Numbers(expected).Zip(numbers), pair => Assert.Equal(pair.First.Values, pair.Second.Values));

        static (string Name, T[] Values)[] Numbers(Checkpoint<T> checkpoint) =>
        [
            .. checkpoint.Model.Parameters.All.Select(parameter => (parameter.Name, parameter.Value.Span.ToArray())),
            .. checkpoint.Optimizer.State.SelectMany(state => state.Parts.Select(part => ($"{state.Name} {part.Parameter.Name}", part.Values.Span.ToArray()))),
        ];
    }
}
