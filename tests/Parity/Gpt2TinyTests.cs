using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>A whole GPT-2, with the weights and the first step that Hugging Face's implementation recorded.</summary>
public class Gpt2TinyTests
{
    private const string Folder = "gpt2-tiny";
    private const string Prefix = "transformer.";

    [Fact]
    public void In_double_logits_loss_and_every_gradient_are_within_1e_9() => CompareFirstStep<double>(1e-9);

    [Fact]
    public void In_float_logits_loss_and_every_gradient_are_within_1e_4() => CompareFirstStep<float>(1e-4);

    private static void CompareFirstStep<T>(double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File(Folder, "trace.json")));
        using var trace = new SafetensorsFixture(Folder, "trace.safetensors");
        int batchSize = recorded.RootElement.GetProperty("batch").GetInt32();
        int context = recorded.RootElement.GetProperty("context").GetInt32();
        Gpt<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Gpt;
        using var tape = new Tape<T>();
        Tensor<int> ids = tape.Allocate<int>([batchSize, context]), targets = tape.Allocate<int>([batchSize, context]);
        TokenSource tokens = TokenSource.FromIds(trace.ReadIntegers<int>("tokens").Span, model.Config.VocabularySize);
        BatchSource.Create(BatchOrder.Sequential, tokens, context, batchSize, microBatches: 1, seed: 0).Fill(0, 0, ids.Span, targets.Span);

        SafetensorsFixture.AssertClose("logits", trace.Read<double>("logits"), model.Forward(tape, ids).Value, tolerance);
        Variable<T> loss = model.Loss(tape, ids, targets);
        Assert.Equal(recorded.RootElement.GetProperty("losses")[0].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
        tape.Backward(loss);
        Assert.Equal(trace.Names.Count(name => name.StartsWith("grad/", StringComparison.Ordinal)), model.Parameters.All.Count);
        foreach (Parameter<T> parameter in model.Parameters.All)
        {
            string name = $"grad/{Prefix}{parameter.Name}";
            Tensor<double> expected = trace.Read<double>(name);
            SafetensorsFixture.AssertClose(
                name, IsStoredTransposed(parameter) ? Transposed(expected) : expected, parameter.Variable.Gradient, tolerance);
        }
    }

    /// <summary>GPT-2's linear maps are [in, out] in files; the tables are as they are here.</summary>
    private static bool IsStoredTransposed<T>(Parameter<T> parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        parameter.Shape.Rank == 2 && parameter.Name.StartsWith("h.", StringComparison.Ordinal);

    private static Tensor<T> Transposed<T>(Tensor<T> matrix)
        where T : unmanaged
    {
        Tensor<T> view = matrix.Transpose(0, 1);
        var result = new Tensor<T>(view.Shape);
        for (int row = 0; row < view.Shape[0]; row++)
        {
            for (int column = 0; column < view.Shape[1]; column++)
            {
                result[row, column] = view[row, column];
            }
        }

        return result;
    }
}
