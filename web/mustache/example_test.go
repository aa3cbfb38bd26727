package mustache_test

import (
	"fmt"
	"log"
	"os"

	"github.com/turbogo/turbo/web/mustache"
)

func ExampleRender() {
	page, err := mustache.Render("<h1>{{title}}</h1>{{#items}}<li>{{.}}</li>{{/items}}{{>footer}}",
		map[string]any{"title": "Tom & Jerry", "items": []string{"cat", "mouse"}},
		map[string]string{"footer": "<hr>{{title}}"})
	fmt.Println(page, err)
	// Output: <h1>Tom &amp; Jerry</h1><li>cat</li><li>mouse</li><hr>Tom &amp; Jerry <nil>
}

// What is compiled once is rendered often. Partials are an option.
func ExampleTemplate_Render() {
	greeting := mustache.MustCompile("Hello {{name}}{{>mark}}\n")
	o := &mustache.Options{Partials: mustache.PartialMap(map[string]string{"mark": "!"})}
	for _, name := range []string{"Ada", "<Grace>"} {
		text, err := greeting.Render(map[string]string{"name": name}, o)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(text)
	}
	// Output:
	// Hello Ada!
	// Hello &lt;Grace&gt;!
}

// What is wrong with a template says where.
func ExampleCompile() {
	_, err := mustache.Compile("<ul>\n{{#items}}\n</ul>")
	fmt.Println(err)
	// Output: mustache: line 2: section items is not closed
}

// A helper loads the templates of a folder.
func ExampleHelper() {
	templates := mustache.NewHelper(os.DirFS("templates"), &mustache.HelperOptions{Debug: true})
	page, err := templates.Render("hello", map[string]string{"name": "you"})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(page)
}
