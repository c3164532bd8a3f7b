using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using MiniGpt.Tests.Model.Generation;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model;

/// <summary>Recurrent language models: trained, written with, kept and refused as transformers are.</summary>
[Collection("Alone")]
public sealed class RecurrentModelTests : IDisposable
{
    private const int Vocabulary = 40;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<RecurrentKind> Kinds => [.. Enum.GetValues<RecurrentKind>()];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Logits_have_the_same_bits_together_one_by_one_alone_and_beside_another_text(RecurrentKind kind)
    {
        Decoder<float> model = Model(kind).ForReading();
        int[] ids = [3, 1, 4, 1, 5, 9, 2, 6], other = [2, 7, 1, 8, 2, 8, 1, 8];
        using IncrementalDecoder<float> whole = new(model), single = new(model), pair = new(model, texts: 2);
        float[] expected = [.. whole.Logits(ids, 0, everywhere: true).Span];
        for (int i = 0; i < ids.Length; i++)
        {
            float[] here = expected[(i * Vocabulary)..((i + 1) * Vocabulary)];
            Assert.Equal(here, single.Logits([ids[i]], i).Span.ToArray());
            Assert.Equal(here, pair.Logits([other[i], ids[i]], i, texts: 2).Span[Vocabulary..].ToArray());
        }

        single.Copy(0, 0);
        Assert.Equal(expected[..Vocabulary], single.Logits([ids[0]], 0).Span.ToArray()); // position 0 begins anew
        Assert.Contains("position 5", Assert.Throws<ArgumentException>(() => single.Logits([1], 5)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_text_goes_on_as_the_model_that_is_trained_says_past_the_end_of_the_context_too(RecurrentKind kind)
    {
        Decoder<float> model = Model(kind);
        int[] prompt = [3, 1, 4];
        using Tape<float> tape = new(records: false);
        int[] expected = [.. Greedy.Continue(LogitsOf, prompt, model.Config.Context).Take(3 * model.Config.Context)];
        Assert.Equal(expected, new Generator<float>(model.ForReading()).Generate(prompt, new() { Temperature = 0 }).Take(expected.Length));

        float[] LogitsOf(int[] window)
        {
            tape.Reset();
            return model.Forward(tape, Tensor<int>.From(window, [1, window.Length])).Value.Slice(1, window.Length - 1, 1).Span.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Steps_learn_allocate_nothing_and_have_the_same_bits_on_any_number_of_threads(RecurrentKind kind)
    {
        using (Trainer<float> trainer = NewTrainer(kind, out _))
        {
            double first = trainer.Step().Loss, last = first;
            for (int step = 0; step < 60; step++)
                last = trainer.Step().Loss;

            Assert.True(last < first - 0.5, $"{first} fell to {last} only");
            Allocations.AssertNone(() => trainer.Step());
        }

        SameBits.AssertOnAnyNumberOfThreads(() =>
        {
            using Trainer<float> trainer = NewTrainer(kind, out Decoder<float> model);
            for (int step = 0; step < 3; step++)
                trainer.Step();

            return model.Parameters.Values.Span.ToArray();
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_folder_holds_the_model_and_no_other_form_does(RecurrentKind kind)
    {
        Decoder<float> model = Model(kind);
        ModelFolder.Save(_folder.Root, model);
        Decoder<float> again = ModelFolder.Load<float>(_folder.Root).Model;
        Assert.Equal(model.Config.ToString(), again.Config.ToString());
        Assert.Equal(model.Parameters.Values.Span.ToArray(), again.Parameters.Values.Span.ToArray());
        Assert.Contains("\"minigpt\"", File.ReadAllText(_folder.File("config.json")), StringComparison.Ordinal);
        foreach (string file in (string[])["model.gguf", "model.bin"])
            Assert.ThrowsAny<ArgumentException>(() => ModelFile.Save(_folder.File(file), model));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Sizes_are_counted_before_anything_is_built(RecurrentKind kind)
    {
        Decoder<float> model = Model(kind);
        ModelShape shape = new(model.Config);
        Assert.Equal(model.Parameters.TrainedCount, shape.TrainedCount);
        using Trainer<float> trainer = NewTrainer(kind, out _);
        trainer.Step();
        trainer.Step();
        double estimated = MemoryEstimate.Of(Options(kind).ToConfig(Vocabulary), Options(kind).BatchSize).Activations;
        Assert.InRange(estimated / trainer.ActivationBytes, 0.9, 1.6);
    }

    [Fact]
    public void Forget_gates_start_open_and_what_a_recurrent_network_has_not_is_refused()
    {
        Decoder<float> model = new(RecurrentNetwork.Config(RecurrentKind.Lstm, new ModelSizes(5, 4, 1, 1, 3)));
        model.Initialize(1);
        Assert.Equal([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0], model.Stack.Recurrent!.Layers[0].Input.Bias!.Value.Span.ToArray());
        Assert.Contains("has none", Assert.Throws<ArgumentException>(() => model.Trace([1])).Message, StringComparison.Ordinal);
        TransformerConfig config = model.Config;
        Assert.Throws<ArgumentException>(() => (config with { Positions = new() }).Validate());
        Assert.Throws<ArgumentException>(() => (config with { Recurrence = (RecurrentKind)9 }).Validate());
        RecurrentStack<float> both = new(new(), "layers", RecurrentKind.Rnn, 3, 3, 1, readsBothWays: true);
        using Tape<float> tape = new(records: false);
        ForwardPass<float> pass = new(tape) { States = new RecurrentMemory<float>(RecurrentKind.Rnn, 1, 3) };
        Assert.Contains("from the end", Assert.Throws<ArgumentException>(
            () => both.Forward(tape.Constant(new Tensor<float>([1, 1, 3])), pass)).Message, StringComparison.Ordinal);
    }

    private static TrainingOptions Options(RecurrentKind kind) =>
        new TrainingOptions().WithArchitecture(OptionNames.Of(kind)) with { Layers = 2, Width = 32, Context = 16, BatchSize = 4, Steps = 100_000, WarmupSteps = 5, LearningRate = 1e-2 };

    private static Decoder<float> Model(RecurrentKind kind)
    {
        Decoder<float> model = new(RecurrentNetwork.Config(kind, new ModelSizes(Vocabulary, 16, 2, 1, 32)));
        model.Initialize(1);
        return model;
    }

    private static Trainer<float> NewTrainer(RecurrentKind kind, out Decoder<float> model)
    {
        TrainingOptions options = Options(kind);
        model = new Decoder<float>(options.ToConfig(Vocabulary));
        model.Initialize(1);
        return Steps.Trainer(model, options, TokenSource.FromIds([.. Enumerable.Range(0, 500).Select(i => i * i % 13)], Vocabulary));
    }
}
