using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>Small models to generate with.</summary>
internal static class TinyModels
{
    private const int Context = 32;
    private const int Steps = 300;

    private static readonly Lazy<Decoder<float>> s_trained = new(Train);
    private static readonly Lazy<(CharacterTokenizer Tokenizer, TokenSource Train, TokenSource Validation)> s_text = new(ReadText);

    /// <summary>The last tenth of the Shakespeare text.</summary>
    public static TokenSource Validation => s_text.Value.Validation;

    /// <summary>The tokenizer of the trained model.</summary>
    public static CharacterTokenizer Tokenizer => s_text.Value.Tokenizer;

    public static Decoder<float> Get(string name) => name == "trained" ? s_trained.Value : Recorded<float>();

    /// <summary>The recorded GPT-2 of two layers, of which Hugging Face's ids are known.</summary>
    public static Decoder<T> Recorded<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ModelFolder.Load<T>(Fixtures.File("gpt2-tiny")).Model;

    private static (CharacterTokenizer, TokenSource, TokenSource) ReadText()
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt"));
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(text);
        int cut = text.Length * 9 / 10;
        return (tokenizer, Tokens(text[..cut]), Tokens(text[cut..(cut + 20_000)]));

        TokenSource Tokens(string part) => TokenSource.FromIds(tokenizer.Encode(part), tokenizer.VocabularySize);
    }

    private static Decoder<float> Train()
    {
        Decoder<float> gpt = new(Gpt2.Config(65, Context, 2, 2, 64));
        gpt.Initialize(1);
        TrainingOptions options = new() { Steps = Steps, BatchSize = 8, Context = Context, Layers = 2, Heads = 2, Width = 64 };
        using Trainer<float> trainer = MiniGpt.Tests.Model.Steps.Trainer(gpt, options, s_text.Value.Train, ceiling: 1);
        for (int step = 0; step < Steps; step++)
            trainer.Step();
        return gpt;
    }
}
