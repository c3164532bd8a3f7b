using MiniGpt.Model;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Tests.Pages;

/// <summary>A model folder to explain: untrained, but with weights so wide that its heads differ.</summary>
internal static class ExampleModel
{
    private const string Letters = "\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:;!?-'\"<>/&()すもうちのねこはひるがき";

    /// <summary>A text of 64 tokens.</summary>
    public const string Sentence = "To be, or not to be, that is the question: whether 'tis nobler i";

    /// <summary>A model of the tiny preset's sizes.</summary>
    public static string Tiny(TemporaryFolder folder) => Save(folder, "tiny", new GptConfig
    {
        VocabularySize = Letters.Distinct().Count(),
        Context = 64,
        Layers = 4,
        Heads = 4,
        Width = 128,
        InitializerRange = 0.12,
    });

    /// <summary>As many layers, heads and positions as a page has to cope with.</summary>
    public static string Large(TemporaryFolder folder) => Save(folder, "large", new GptConfig
    {
        VocabularySize = Letters.Distinct().Count(),
        Context = 256,
        Layers = 12,
        Heads = 12,
        Width = 192,
        InitializerRange = 0.12,
    });

    private static string Save(TemporaryFolder folder, string name, GptConfig config)
    {
        Gpt<float> gpt = new(config);
        gpt.Initialize(seed: 3);
        ModelFolder.Save(folder.File(name), gpt, CharacterTokenizer.FromText(Letters));
        return folder.File(name);
    }
}
