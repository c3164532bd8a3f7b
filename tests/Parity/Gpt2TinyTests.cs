using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
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

    [Fact]
    public void In_double_losses_norms_and_parameters_of_ten_steps_are_within_1e_9() => CompareTenSteps<double>(1e-9, wholeBias: true);

    // The gradient of a key bias is zero in exact arithmetic, and Adam makes steps of full size of its rounding.
    [Fact]
    public void In_float_losses_norms_and_parameters_of_ten_steps_are_within_1e_4() => CompareTenSteps<float>(1e-4, wholeBias: false);

    private static void CompareTenSteps<T>(double tolerance, bool wholeBias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File(Folder, "trace.json")));
        using var trace = new SafetensorsFixture(Folder, "trace.safetensors");
        JsonElement recorded = document.RootElement, hyper = recorded.GetProperty("hyper");
        int batchSize = recorded.GetProperty("batch").GetInt32(), context = recorded.GetProperty("context").GetInt32();
        Gpt<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Gpt;
        TokenSource tokens = TokenSource.FromIds(trace.ReadIntegers<int>("tokens").Span, model.Config.VocabularySize);
        BatchSource batches = BatchSource.Create(BatchOrder.Sequential, tokens, context, batchSize, microBatches: 1, seed: 0);
        var optimizer = new AdamW<T>(model.Parameters, new AdamWOptions(
            Hyper("beta1"), Hyper("beta2"), Hyper("eps"), Hyper("weight_decay")));
        using var tape = new Tape<T>();
        for (int step = 0; step < recorded.GetProperty("steps").GetInt32(); step++)
        {
            tape.Reset();
            optimizer.ClearGradients();
            Tensor<int> ids = tape.Allocate<int>([batchSize, context]), targets = tape.Allocate<int>([batchSize, context]);
            batches.Fill(step, 0, ids.Span, targets.Span);
            Variable<T> loss = model.Loss(tape, ids, targets);
            Assert.Equal(recorded.GetProperty("losses")[step].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
            tape.Backward(loss);
            double norm = optimizer.GradientNorm();
            Assert.Equal(recorded.GetProperty("grad_norms")[step].GetDouble(), norm, tolerance);
            optimizer.Update(Hyper("learning_rate"), norm, Hyper("clip_norm"));
        }

        foreach (Parameter<T> parameter in model.Parameters.All)
        {
            string name = $"after/{Prefix}{parameter.Name}";
            Tensor<double> expected = trace.Read<double>(name);
            expected = IsStoredTransposed(parameter) ? Transposed(expected) : expected;
            Tensor<T> actual = parameter.Value;
            if (!wholeBias && name.EndsWith("c_attn.bias", StringComparison.Ordinal))
            {
                int third = parameter.Shape[0] / 3;
                SafetensorsFixture.AssertClose(name, expected.Slice(0, 0, third), actual.Slice(0, 0, third), tolerance);
                (expected, actual) = (expected.Slice(0, 2 * third, third), actual.Slice(0, 2 * third, third));
            }

            SafetensorsFixture.AssertClose(name, expected, actual, tolerance);
        }

        double Hyper(string name) => hyper.GetProperty(name).GetDouble();
    }

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
