using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>A BERT with its weights, first step and ten steps as PyTorch recorded them, of padded texts of two segments.</summary>
public class RecordedEncoderTests
{
    private const string Folder = "family/bert-tiny";

    [Fact]
    public void In_double_logits_hidden_states_and_every_gradient_are_within_1e_9() => CompareFirstStep<double>(1e-9);

    [Fact]
    public void In_float_logits_hidden_states_and_every_gradient_are_within_1e_4() => CompareFirstStep<float>(1e-4);

    [Fact]
    public void In_double_losses_norms_and_parameters_of_ten_steps_are_within_1e_9() => CompareTenSteps<double>(1e-9);

    [Fact]
    public void In_float_losses_norms_and_parameters_of_ten_steps_are_within_1e_4() => CompareTenSteps<float>(1e-4);

    [Fact]
    public void Padding_changes_nothing_to_the_last_bit()
    {
        Encoder<float> model = ModelFolder.Load<float>(Fixtures.File(Folder)).Encoder.ForReading();
        using Tape<float> tape = new(records: false);
        int[] text = [2, 17, 9, 33, 4, 21, 3];
        float[] alone = [.. model.Logits(tape.Copy<int>(text, [1, text.Length]), new ForwardPass<float>(tape)).Value.Span];
        for (int padding = 1; padding <= 33; padding++)
        {
            int[] padded = [.. text, .. Enumerable.Repeat(0, padding)];
            byte[] marks = [.. padded.Select((_, i) => (byte)(i < text.Length ? 0 : 1))];
            ForwardPass<float> pass = new(tape) { Padding = new PaddingMask { Marks = tape.Copy<byte>(marks, [1, padded.Length]) } };
            Assert.Equal(alone, model.Logits(tape.Copy<int>(padded, [1, padded.Length]), pass).Value.Span[..alone.Length].ToArray());
        }
    }

    private static void CompareFirstStep<T>(double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(Folder);
        Encoder<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Encoder;
        using var tape = new Tape<T>();
        Tensor<int> ids = recording.Step<T, int>(tape, "ids", 0), segments = recording.Step<T, int>(tape, "token_types", 0);
        ForwardPass<T> pass = new(tape) { Padding = recording.Padding(tape, "attention_mask", 0) };
        bool[] isThere = recording.Mask("attention_mask", 0);
        CompareRows("hidden", model.Hidden(ids, pass, segments).Value);
        CompareRows("logits", model.Logits(ids, pass, segments).Value);
        Variable<T> loss = model.Loss(ids, recording.Step<T, int>(tape, "labels", 0), pass, segments);
        Assert.Equal(recording.Json.GetProperty("losses")[0].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
        tape.Backward(loss);
        recording.CompareGradients(model.Parameters, model.Config, tolerance);

        void CompareRows(string name, Tensor<T> actual)
        {
            Tensor<double> expected = recording.Trace.Read<double>(name);
            Tensor<double> expectedRows = expected.Reshape([isThere.Length, expected.Shape[-1]]);
            Tensor<T> rows = actual.Reshape(expectedRows.Shape);
            Assert.Contains(false, isThere);
            for (int row = 0; row < isThere.Length; row++)
            {
                if (isThere[row])
                    SafetensorsFixture.AssertClose($"row {row} of {name}", expectedRows.Slice(0, row, 1), rows.Slice(0, row, 1), tolerance);
            }
        }
    }

    private static void CompareTenSteps<T>(double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(Folder);
        Encoder<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Encoder;
        recording.CompareSteps(model.Parameters, model.Config, Loss, tolerance, withKeyBiases: typeof(T) == typeof(double));

        Variable<T> Loss(Tape<T> tape, int step)
        {
            ForwardPass<T> pass = new(tape) { Padding = recording.Padding(tape, "attention_mask", step) };
            return model.Loss(
                recording.Step<T, int>(tape, "ids", step), recording.Step<T, int>(tape, "labels", step), pass, recording.Step<T, int>(tape, "token_types", step));
        }
    }
}
