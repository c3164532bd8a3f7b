using System.Text;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Tests.Pages;

/// <summary>The models of tests/fixtures/family with tokenizers to write to them with: the fixtures are of ids alone.</summary>
internal static class RecordedModels
{
    private const int FirstCharacter = 'あ';

    /// <summary>A text whose tokens have these ids, in the models that <see cref="WithCharacters"/> saves.</summary>
    public static string TextOf(params IEnumerable<int> ids) => string.Concat(ids.Select(id => (char)(FirstCharacter + id)));

    /// <summary>A model with a character for each token.</summary>
    public static string WithCharacters(TemporaryFolder folder, string name)
    {
        LanguageModel<float> model = ModelFolder.Load<float>(Fixtures.File("family", name)).Any;
        CharacterTokenizer tokenizer = new(Enumerable.Range(0, model.Config.VocabularySize).Select(id => new Rune(FirstCharacter + id)));
        ModelFolder.Save(folder.File(name), model, tokenizer);
        return folder.File(name);
    }

    /// <summary>The translator with a table for each language: the characters that it reads begin with ア, those that it writes with あ.</summary>
    public static string WithTwoAlphabets(TemporaryFolder folder)
    {
        Translator<float> shared = ModelFolder.Load<float>(Fixtures.File("family/marian-tiny")).Translator;
        Translator<float> model = new(shared.Config with { Source = shared.Config.Source! with { VocabularySize = shared.Config.VocabularySize } });
        foreach (Parameter<float> parameter in model.Parameters.All)
        {
            string name = parameter.Name == "encoder.tokens.weight" ? "tokens.weight" : parameter.Name;
            shared.Parameters.All.Single(other => other.Name == name).Value.Span.CopyTo(parameter.Value.Span);
        }
        CharacterTokenizer[] alphabets = [.. new[] { 'ア', FirstCharacter }.Select(first =>
            new CharacterTokenizer(Enumerable.Range(0, model.Config.VocabularySize).Select(id => new Rune(first + id))))];
        ModelFolder.Save(folder.File("two-alphabets"), model, alphabets[1], sourceTokenizer: alphabets[0]);
        return folder.File("two-alphabets");
    }

    /// <summary>A BERT whose pieces are BERT's special tokens and w5, w6 and so on.</summary>
    public static string Bert(TemporaryFolder folder)
    {
        LanguageModel<float> model = ModelFolder.Load<float>(Fixtures.File("family/bert-tiny")).Any;
        string[] pieces = [.. WordPieceTokenizer.SpecialNames, .. Enumerable.Range(5, model.Config.VocabularySize - 5).Select(id => $"w{id}")];
        WordPieceTokenizer tokenizer = new(pieces, Enumerable.Range(0, 5).ToHashSet(), BertText.Uncased, new TextEnds([2], [3]));
        ModelFolder.Save(folder.File("bert-tiny"), model, tokenizer);
        return folder.File("bert-tiny");
    }
}
