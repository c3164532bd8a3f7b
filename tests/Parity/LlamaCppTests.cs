using System.Globalization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>llama.cpp itself, as LLamaSharp ships it, reads the GGUF files that are written here and computes what we compute.</summary>
[Collection("Alone")]
public sealed class LlamaCppTests : IDisposable
{
    private const int Tokens = 64;
    private const int Vocabulary = 320;

    private readonly TemporaryFolder _folder = new();

    static LlamaCppTests() => QuietLlamaCpp.Begin();

    public static TheoryData<string, StoredType> Files => new(
        from family in ModelFamily.All.Where(family => HasGguf(family.Configure(new ModelSizes(2, 2, 1, 1, 2))))
        from type in (StoredType[])[StoredType.F32, StoredType.F16, StoredType.Q8_0]
        select (family.Name, type));

    [Theory]
    [MemberData(nameof(Files))]
    public void Logits_and_greedy_ids_are_those_of_llama_cpp(string family, StoredType type)
    {
        string path = Write(family, type);
        using ModelFile file = ModelFile.Open(path);
        Decoder<float> model = file.LoadForReading();
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(i => i * i * 7 % Vocabulary)];
        using IncrementalDecoder<float> ours = new(model);
        float[] found = ours.Logits(ids, 0, everywhere: true).Span.ToArray();

        using LlamaCpp theirs = new(path);
        float[] expected = theirs.Logits(ids);
        // Halves and 8-bit blocks: llama.cpp rounds what it multiplies them with as well.
        AssertClose(expected, found, type == StoredType.F32 ? 1e-3 : type == StoredType.F16 ? 5e-3 : 5e-2);
        if (type == StoredType.F32)
        {
            int[] greedy = [.. new Generator<float>(model).Generate(ids[..8], new SamplingOptions { Temperature = 0 }).Take(48)];
            Assert.Equal(theirs.Greedy(ids[..8], 48), greedy);
        }
    }

    // The original context is far shorter than the text, so that Llama 3's rule stretches some waves wholly, some in part and some not at all.
    [Theory]
    [InlineData(RotaryScalingKind.Linear)]
    [InlineData(RotaryScalingKind.Llama3)]
    public void Logits_with_stretched_positions_are_those_of_llama_cpp(RotaryScalingKind kind)
    {
        TransformerConfig config = Llama.Config(new ModelSizes(Vocabulary, Context: 128, Layers: 2, Heads: 4, Width: 64) { KeyHeads = 2 });
        RotaryScaling scaling = new() { Kind = kind, Factor = 4, OriginalContext = 32 };
        string path = _folder.File("stretched.gguf");
        Decoder<float> stretched = Save(path, config with { Positions = config.Positions with { RotaryScaling = scaling } });
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(i => i * i * 7 % Vocabulary)];
        using LlamaCpp theirs = new(path);
        float[] expected = theirs.Logits(ids);
        AssertClose(expected, Logits(stretched), 1e-3);
        // The test would see it if the scaling was passed over.
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertClose(expected, Logits(Save(_folder.File("plain.gguf"), config)), 0.05));

        float[] Logits(Decoder<float> model)
        {
            using IncrementalDecoder<float> ours = new(model.ForReading());
            return ours.Logits(ids, 0, everywhere: true).Span.ToArray();
        }
    }

    // So many steps that a letter follows a letter for a reason.
    [Fact]
    public void The_default_model_of_train_writes_the_same_greedy_text_in_llama_cpp()
    {
        const string prompt = "First Citizen:\n";
        const int count = 40;
        Minigpt.Success(_folder.Root, "train", "--steps", "80", "--eval-every", "0", "--validation-fraction", "0", "--out", "quick");
        Minigpt.Success(_folder.Root, "convert", "--from", "quick", "--to", "quick.gguf");
        string ours = Minigpt.Success(
            _folder.Root, "sample", "--model", "quick", "--prompt", prompt, "--temperature", "0", "--tokens", count.ToString(CultureInfo.InvariantCulture));
        using LlamaCpp theirs = new(_folder.File("quick.gguf"));
        Assert.Equal(ours, $"{prompt}{theirs.GreedyText(prompt, count)}\n");
    }

    public void Dispose() => _folder.Dispose();

    private static bool HasGguf(TransformerConfig config) => FamilyFormat.Of(config).ReasonAgainstGguf(config) is null;

    /// <summary>Asserts that no difference is larger than a share of the largest number. MathF.Max, unlike Enumerable.Max, keeps a NaN.</summary>
    private static void AssertClose(float[] expected, float[] found, double share)
    {
        Assert.Equal(expected.Length, found.Length);
        float largest = expected.Select(MathF.Abs).Aggregate(MathF.Max);
        float error = expected.Zip(found, (a, b) => MathF.Abs(a - b)).Aggregate(MathF.Max) / largest;
        Assert.True(error <= share, $"the largest difference is {error} of the largest number, {share} is allowed");
    }

    private string Write(string family, StoredType type)
    {
        TransformerConfig config = ModelFamily.Of(family).Configure(new ModelSizes(Vocabulary, Context: 128, Layers: 2, Heads: 4, Width: 64)
        {
            KeyHeads = family == "gpt2" ? 4 : 2,
            HeadSize = family is "qwen3" or "gemma" ? 32 : 0,
        });
        string path = _folder.File($"{family}.{type}.gguf");
        Save(path, config, type);
        return path;
    }

    /// <summary>Writes a model of a wide start, so that attention is uneven and every part matters.</summary>
    private static Decoder<float> Save(string path, TransformerConfig config, StoredType type = StoredType.F32)
    {
        Decoder<float> model = new(config with { InitializerRange = 0.15 });
        model.Initialize(seed: 3);
        foreach (Parameter<float> vector in model.Parameters.All.Where(parameter => parameter.Role == ParameterRole.Vector))
        {
            for (int i = 0; i < vector.Value.Span.Length; i++)
                vector.Value.Span[i] += 0.1f * MathF.Sin(i + vector.Name.Length);
        }
        ModelFile.Save(path, model, type: type);
        return model;
    }
}
