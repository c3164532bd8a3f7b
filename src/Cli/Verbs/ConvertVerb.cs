using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt convert: between model folders, GGUF and llm.c files.</summary>
internal sealed class ConvertVerb : Verb
{
    private static readonly (string Name, StoredType Type)[] s_types =
    [
        ("f32", StoredType.F32), ("f16", StoredType.F16), ("bf16", StoredType.BF16), ("f64", StoredType.F64), ("q8_0", StoredType.Q8_0),
    ];

    private readonly Option<string> _from = new("--from")
    {
        HelpName = "PATH",
        Required = true,
    };
    private readonly Option<string> _to = new("--to")
    {
        HelpName = "PATH",
        Required = true,
    };
    private readonly Option<StoredType> _type = OptionFactory.Choice("--type", [.. s_types.Select(pair => pair.Name)], [.. s_types.Select(pair => pair.Type)]);
    private readonly Option<string?> _tokenizer = TokenizerOption.ForModelWithout();
    private readonly Option<bool> _overwrite = new("--overwrite");

    public ConvertVerb()
        : base("convert")
    {
        foreach (Option option in (IEnumerable<Option>)[_from, _to, _type, _tokenizer, _overwrite])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string from = arguments.GetRequiredValue(_from), to = arguments.GetRequiredValue(_to);
        if (ModelFile.FormatOf(to) != ModelFormat.HuggingFace)
            OutputPath.CheckFile(_to.Name, to, Messages.Of("convert.a-model"));
        else
            OutputPath.CheckFolder(_to.Name, to);
        CheckEnding(to);
        StoredType type = arguments.IsGiven(_type) ? arguments.GetValue(_type) : StoredType.F32;
        if (ModelFile.FormatOf(to) is var format && !ModelFile.TypesOf(format).Contains(type))
        {
            string[] names = [.. s_types.Where(pair => ModelFile.TypesOf(format).Contains(pair.Type)).Select(pair => pair.Name)];
            throw new UsageException(Messages.Of("convert.type", ("type", NameOf(type)), ("path", to), ("names", string.Join(Messages.Of("convert.or"), names))));
        }

        ITokenizer? tokenizer = arguments.GetValue(_tokenizer) is string name ? TokenizerOption.Read(name, UnknownCharacter.Error) : null;
        ModelConversion conversion = WorkDisplay.Run("reading the model", progress => ModelConversion.Run(from, to, type, arguments.GetValue(_overwrite), tokenizer, progress));
        Console.Out.WriteLine(Messages.Of("convert.done", ("from", from), ("old", OptionNames.Of(conversion.From)),
            ("to", to), ("new", OptionNames.Of(conversion.To)), ("type", NameOf(type)), ("parameters", $"{conversion.Parameters:N0}")));
        foreach (string dropped in conversion.Dropped)
            Console.Out.WriteLine(Visible.Line(Messages.Of("convert.dropped", ("what", LibraryMessages.Translated(dropped)))));
        foreach (string misread in conversion.Misread)
            Talk.Note(LibraryMessages.Translated(misread));
        return 0;
    }

    /// <summary>A folder can have a point in its name, as llama-3.2 has; an ending of letters is one that was mistyped, or of a form that is not written.</summary>
    private void CheckEnding(string to)
    {
        string ending = Path.GetExtension(to);
        bool isFolder = Path.EndsInDirectorySeparator(to) || Directory.Exists(to) || ending.Length < 2 || !char.IsAsciiLetter(ending[1]) || !ending.Skip(1).All(char.IsAsciiLetterOrDigit); // llama-3.2 has none
        if (ModelFile.FormatOf(to) == ModelFormat.HuggingFace && !isFolder)
        {
            throw new UsageException(Messages.Of("convert.ending", ("option", _to.Name), ("path", to), ("ending", ending),
                ("suggestion", Suggestion.For(ending, [".gguf", ".bin"])), ("folder", $"{to}{Path.DirectorySeparatorChar}")));
        }
    }

    private static string NameOf(StoredType type) => s_types.First(pair => pair.Type == type).Name;
}
