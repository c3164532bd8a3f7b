using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
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
        Decoder<T> model = ModelFolder.Load<T>(Fixtures.File(folder)).Model;
        // What a bias adds to all keys alike adds one number to all scores of a query, which softmax takes away: its gradient is zero in exact
        // arithmetic, and Adam makes steps of full size of its rounding. Where keys are turned by their position it adds to each something else.
        bool withKeyBiases = typeof(T) == typeof(double) || model.Config.Positions.Kind == PositionKind.Rotary;
        recording.CompareSteps(model.Parameters, model.Config, Loss, tolerance, withKeyBiases);

        Variable<T> Loss(Tape<T> tape, int step)
        {
            (Tensor<int> ids, Tensor<int> targets) = recording.Batch(tape, step, model.Config);
            return model.Loss(tape, ids, targets);
        }
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
        recording.CompareGradients(model.Parameters, model.Config, tolerance);
    }
}
