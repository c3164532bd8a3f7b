using System.Numerics;
using System.Text.Json;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>A Marian with its weights, first step, ten steps and translations as PyTorch recorded them.</summary>
public class RecordedTranslatorTests
{
    private const string Folder = "family/marian-tiny";
    private const int Padding = 46, End = 0;

    [Fact]
    public void In_double_logits_hidden_states_and_every_gradient_are_within_1e_9() => CompareFirstStep<double>(1e-9);

    [Fact]
    public void In_float_logits_hidden_states_and_every_gradient_are_within_1e_4() => CompareFirstStep<float>(1e-4);

    [Fact]
    public void In_double_losses_norms_and_parameters_of_ten_steps_are_within_1e_9() => CompareTenSteps<double>(1e-9);

    [Fact]
    public void In_float_losses_norms_and_parameters_of_ten_steps_are_within_1e_4() => CompareTenSteps<float>(1e-4);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Greedy_translations_are_the_recorded_ones(bool reading)
    {
        using Recording recording = new(Folder);
        Translator<double> model = ModelFolder.Load<double>(Fixtures.File(Folder)).Translator;
        using TranslationSearch<double> search = new(reading ? model.ForReading() : model);
        int[][] expected = [.. recording.Json.GetProperty("greedy").EnumerateArray().Select(Ids)];
        IReadOnlyList<ScoredTranslation>[] found = search.Translate(Sources(recording), new SearchOptions { MostTokens = expected[0].Length - 1 });
        Assert.Equal(expected, found.Select(translations =>
            (int[])[Padding, .. translations[0].Ids, End, .. Enumerable.Repeat(Padding, expected[0].Length - 2 - translations[0].Ids.Length)]));
    }

    [Fact]
    public void Translations_of_four_beams_and_their_scores_are_the_recorded_ones()
    {
        using Recording recording = new(Folder);
        using TranslationSearch<double> search = new(ModelFolder.Load<double>(Fixtures.File(Folder)).Translator.ForReading());
        IReadOnlyList<ScoredTranslation>[] found = search.Translate(Sources(recording), new SearchOptions { Beams = 4, MostTokens = 12 });
        JsonElement[] expected = [.. recording.Json.GetProperty("beam4").EnumerateArray()];
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(Ids(expected[i][0]), (int[])[Padding, .. found[i][0].Ids, End]);
            Assert.Equal(expected[i][1].GetDouble(), found[i][0].Score, 1e-9);
        }
    }

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];

    private static int[][] Sources(Recording recording)
    {
        Tensor<int> all = recording.Trace.ReadIntegers<int>("source").Slice(0, 0, 1);
        return [.. Enumerable.Range(0, all.Shape[1]).Select(row => all.Slice(1, row, 1).Span.ToArray().TakeWhile(id => id != End).ToArray())];
    }

    private static void CompareFirstStep<T>(double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(Folder);
        Translator<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Translator;
        using var tape = new Tape<T>();
        ForwardPass<T> pass = Encoded(model, recording, tape, 0);
        Tensor<double> hidden = recording.Trace.Read<double>("encoder_hidden");
        bool[] isThere = recording.Mask("source_mask", 0);
        for (int row = 0; row < isThere.Length; row++)
        {
            if (isThere[row])
            {
                SafetensorsFixture.AssertClose("encoder_hidden", hidden.Reshape([isThere.Length, 32]).Slice(0, row, 1),
                    pass.Source!.Hidden.Value.Reshape([isThere.Length, 32]).Slice(0, row, 1), tolerance);
            }
        }
        Tensor<int> inputs = recording.Step<T, int>(tape, "decoder_input", 0), labels = recording.Step<T, int>(tape, "labels", 0);
        SafetensorsFixture.AssertClose("logits", recording.Trace.Read<double>("logits"), model.Logits(inputs, pass).Value, tolerance);
        Variable<T> loss = model.Loss(inputs, labels, pass);
        Assert.Equal(recording.Json.GetProperty("losses")[0].GetDouble(), double.CreateChecked(loss.Value.Span[0]), tolerance);
        tape.Backward(loss);
        recording.CompareGradients(model.Parameters, model.Config, tolerance);
    }

    private static void CompareTenSteps<T>(double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Recording recording = new(Folder);
        Translator<T> model = ModelFolder.Load<T>(Fixtures.File(Folder)).Translator;
        recording.CompareSteps(model.Parameters, model.Config, Loss, tolerance, withKeyBiases: typeof(T) == typeof(double));

        Variable<T> Loss(Tape<T> tape, int step) => model.Loss(
            recording.Step<T, int>(tape, "decoder_input", step), recording.Step<T, int>(tape, "labels", step), Encoded(model, recording, tape, step));
    }

    private static ForwardPass<T> Encoded<T>(Translator<T> model, Recording recording, Tape<T> tape, int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        PaddingMask padding = recording.Padding(tape, "source_mask", step);
        Variable<T> hidden = model.Encode(recording.Step<T, int>(tape, "source", step), new ForwardPass<T>(tape) { Padding = padding });
        return new ForwardPass<T>(tape) { Source = new SourceSequence<T> { Hidden = hidden, Padding = padding } };
    }
}
