using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using MiniGpt.Tests.Model;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>
/// Whole decoders of every family, with the weights, the first step and ten steps that PyTorch recorded; its forward passes were compared
/// with Hugging Face's.
/// </summary>
public class RecordedDecoderTests
{
    public static TheoryData<string> Folders => new(Fixtures.Decoders);

    [Theory]
    [MemberData(nameof(Folders))]
    public void In_double_logits_loss_and_every_gradient_are_within_1e_9(string folder) => CompareFirstStep<double>(folder, 1e-9);

    [Theory]
    [MemberData(nameof(Folders))]
    public void In_float_logits_loss_and_every_gradient_are_within_1e_4(string folder) => CompareFirstStep<float>(folder, 1e-4);

    [Theory]
    [MemberData(nameof(Folders))]
    public void In_double_losses_norms_and_parameters_of_ten_steps_are_within_1e_9(string folder) =>
        CompareTenSteps<double>(folder, 1e-9);

    [Theory]
    [MemberData(nameof(Folders))]
    public void In_float_losses_norms_and_parameters_of_ten_steps_are_within_1e_4(string folder) =>
        CompareTenSteps<float>(folder, 1e-4);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Greedy_ids_are_the_recorded_ones_with_a_memory_and_without(string folder)
    {
        using JsonDocument trace = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File(folder, "trace.json")));
        int[] prompt = Ids("prompt"), expected = Ids("greedy");
        Decoder<float> model = ModelFolder.Load<float>(Fixtures.File(folder)).Model;
        SamplingOptions greedy = new() { Temperature = 0 };
        Assert.Equal(expected, prompt.Concat(new Generator<float>(model.ForReading()).Generate(prompt, greedy)).Take(expected.Length));
        Assert.Equal(expected, prompt.Concat(new Generator<float>(model).Generate(prompt, greedy)).Take(expected.Length));

        using Tape<float> tape = new(records: false);
        Assert.Equal(expected, prompt.Concat(Model.Generation.Greedy.Continue(LogitsOf, prompt, model.Config.Context)).Take(expected.Length));

        float[] LogitsOf(int[] window)
        {
            tape.Reset();
            return model.Forward(tape, tape.Copy<int>(window, [1, window.Length])).Value.Span[^model.Config.VocabularySize..].ToArray();
        }

        int[] Ids(string name) => [.. trace.RootElement.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
    }

    private static void CompareTenSteps<T>(string folder, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(folder);
        JsonElement recorded = recording.Json, hyper = recorded.GetProperty("hyper");
        Decoder<T> model = ModelFolder.Load<T>(Fixtures.File(folder)).Model;
        var optimizer = new AdamW<T>(model.Parameters, new AdamWOptions(
            Hyper("beta1"), Hyper("beta2"), Hyper("eps"), Hyper("weight_decay")));
        using var tape = new Tape<T>();
        for (int step = 0; step < recorded.GetProperty("steps").GetInt32(); step++)
        {
            tape.Reset();
            model.Parameters.ClearGradients();
            (Tensor<int> ids, Tensor<int> targets) = recording.Batch(tape, step, model.Config);
            Variable<T> loss = model.Loss(tape, ids, targets);
            Assert.Equal(recorded.GetProperty("losses")[step].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
            tape.Backward(loss);
            double norm = model.Parameters.GradientNorm();
            Assert.Equal(recorded.GetProperty("grad_norms")[step].GetDouble(), norm, tolerance);
            optimizer.Update(Hyper("learning_rate"), Optimizer<T>.ClipScale(norm, Hyper("clip_norm")));
        }

        // What a bias adds to all keys alike adds one number to all scores of a query, which softmax takes away: its gradient is zero in exact
        // arithmetic, and Adam makes steps of full size of its rounding. Where keys are turned by their position it adds to each something else.
        bool withKeyBiases = typeof(T) == typeof(double) || model.Config.Positions.Kind == PositionKind.Rotary;
        foreach (Parameter<T> parameter in model.Parameters.All)
            recording.Compare("after/", parameter, parameter.Value, model.Config, tolerance, withKeyBiases);

        double Hyper(string name) => hyper.GetProperty(name).GetDouble();
    }

    private static void CompareFirstStep<T>(string folder, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(folder);
        Decoder<T> model = ModelFolder.Load<T>(Fixtures.File(folder)).Model;
        using var tape = new Tape<T>();
        (Tensor<int> ids, Tensor<int> targets) = recording.Batch(tape, 0, model.Config);
        SafetensorsFixture.AssertClose("logits", recording.Trace.Read<double>("logits"), model.Forward(tape, ids).Value, tolerance);
        Variable<T> loss = model.Loss(tape, ids, targets);
        Assert.Equal(recording.Json.GetProperty("losses")[0].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
        tape.Backward(loss);
        int compared = model.Parameters.All.Sum(parameter =>
            recording.Compare("grad/", parameter, parameter.Variable.Gradient, model.Config, tolerance, withKeyBiases: true));
        Assert.Equal(recording.Trace.Names.Count(name => name.StartsWith("grad/", StringComparison.Ordinal)), compared);
    }

    /// <summary>trace.json and trace.safetensors of a folder.</summary>
    private sealed class Recording(string folder) : IDisposable
    {
        private readonly JsonDocument _document = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File(folder, "trace.json")));

        public JsonElement Json => _document.RootElement;

        public SafetensorsFixture Trace { get; } = new(folder, "trace.safetensors");

        public (Tensor<int> Ids, Tensor<int> Targets) Batch<T>(Tape<T> tape, int step, TransformerConfig config)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            int batchSize = Json.GetProperty("batch").GetInt32(), context = Json.GetProperty("context").GetInt32();
            TokenSource tokens = TokenSource.FromIds(Trace.ReadIntegers<int>("tokens").Span, config.VocabularySize);
            Tensor<int> ids = tape.Allocate<int>([batchSize, context]), targets = tape.Allocate<int>([batchSize, context]);
            BatchSource.Create(BatchOrder.Sequential, tokens, context, batchSize, microBatches: 1, seed: 0).Fill(step, 0, ids.Span, targets.Span);
            return (ids, targets);
        }

        /// <summary>Compares a parameter, or its gradient, with the tensors that it is in Hugging Face's layout; returns how many.</summary>
        public int Compare<T>(
            string kind, Parameter<T> parameter, Tensor<T> actual, TransformerConfig config, double tolerance, bool withKeyBiases)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            int count = 0;
            bool hasKeyBias = parameter.Name.EndsWith("qkv.bias", StringComparison.Ordinal);
            foreach (FilePart part in ModelWeights.Layout(FamilyFormat.Of(config).HuggingFace, parameter))
            {
                string name = kind + part.Name;
                Tensor<double> expected = Trace.Read<double>(name);
                expected = part.Layout == TensorLayout.Transposed ? Transposed(expected) : expected;
                count++;
                for (int i = 0, row = 0; i < parameter.Parts.Count; row += parameter.Parts[i++])
                {
                    bool isInside = row >= part.FirstRow && row < part.FirstRow + part.Rows;
                    if (isInside && (withKeyBiases || !hasKeyBias || i != 1))
                    {
                        SafetensorsFixture.AssertClose(name, expected.Slice(0, row - part.FirstRow, parameter.Parts[i]),
                            actual.Slice(0, row, parameter.Parts[i]), tolerance);
                    }
                }
            }
            return count;
        }

        public void Dispose()
        {
            _document.Dispose();
            Trace.Dispose();
        }

        private static Tensor<double> Transposed(Tensor<double> matrix)
        {
            Tensor<double> view = matrix.Transpose(0, 1), result = new(view.Shape);
            for (int row = 0; row < view.Shape[0]; row++)
            {
                for (int column = 0; column < view.Shape[1]; column++)
                    result[row, column] = view[row, column];
            }
            return result;
        }
    }
}
