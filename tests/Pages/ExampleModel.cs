using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Tests.Pages;

/// <summary>A model folder to explain: untrained, but with weights so wide that its heads differ.</summary>
internal static class ExampleModel
{
    private const string Letters = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:;!?-'\"<>/&()すもうちのねこはひるがき";

    /// <summary>A text of 64 tokens.</summary>
    public const string Sentence = "To be, or not to be, that is the question: whether 'tis nobler i";

    /// <summary>A model of the tiny preset's sizes.</summary>
    public static string Tiny(TemporaryFolder folder) => Save(folder, "tiny", Gpt2.Config(Letters.Distinct().Count(), 64, 4, 4, 128) with { InitializerRange = 0.12 });

    /// <summary>As many layers, heads and positions as a page has to cope with.</summary>
    public static string Large(TemporaryFolder folder) => Save(folder, "large", Gpt2.Config(Letters.Distinct().Count(), 256, 12, 12, 192) with { InitializerRange = 0.12 });

    private static string Save(TemporaryFolder folder, string name, TransformerConfig config)
    {
        Decoder<float> gpt = new(config);
        gpt.Initialize(seed: 3);
        ModelFolder.Save(folder.File(name), gpt, CharacterTokenizer.FromText(Letters));
        return folder.File(name);
    }
}
